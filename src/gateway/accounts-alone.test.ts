import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { freePort } from '../net/free-port.fixture.ts'
import { createControlClient } from '../control/client.ts'
import {
  collectLines,
  connectHead,
  connectTls,
  echo,
  exchangeHttp1,
  startService,
  testCertificate,
} from './gateway.fixture.ts'
import { runGateway } from './run.ts'

const target = 'backup.example.com:22'
const backup = { id: 'backup', description: '', format: 'jwt', expires_at: null } as const

/** A gateway whose only policy names a service account, and that has no identity provider. */
async function startGateway(t: TestContext, settings = '') {
  const directory = await mkdtemp(join(tmpdir(), 'postern-accounts-'))
  const service = await startService(echo)
  t.after(() => service[Symbol.asyncDispose]())
  const port = await freePort()
  const path = join(directory, 'postern.yaml')
  await writeFile(join(directory, 'cert.pem'), testCertificate.cert)
  await writeFile(join(directory, 'key.pem'), testCertificate.key, { mode: 0o600 })
  const text = (more: string): string => `address: 127.0.0.1:${port}
certificate_file: cert.pem
certificate_key_file: key.pem
state_directory: state
${more}routes:
  - from: tcp+https://${target}
    to: tcp://127.0.0.1:${service.port}
    policy: [{ allow: { or: [{ user: backup }] } }]
`
  const { sink: logSink } = collectLines()
  const start = async (more: string) => {
    await writeFile(path, text(more), { mode: 0o600 })
    return runGateway({ path, env: {}, logSink })
  }
  let gateway = await start(settings)
  t.after(async () => {
    await gateway.close(0)
    // Its last checkpoint is written as it ends.
    await rm(directory, { recursive: true, force: true })
  })
  return {
    control: createControlClient(join(directory, 'state')),
    async restart(more: string) {
      await gateway.close(0)
      gateway = await start(more)
    },
    async status(...fields: string[]): Promise<number> {
      const socket = await connectTls(port)
      socket.write(connectHead(target, ...fields))
      const [head] = (await once(socket, 'data')) as [Buffer]
      socket.destroy()
      return Number(head.toString().split(' ')[1])
    },
    get: (to: string) =>
      exchangeHttp1(port, `GET ${to} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
  }
}

test('a gateway without a provider lets in the service accounts that its policies name', async (t) => {
  const { control, status, get } = await startGateway(t)
  const { credential } = await control.createServiceAccount(backup)
  assert.equal(await status(`Authorization: Pomerium ${credential}`), 200)
  const other = await control.createServiceAccount({ ...backup, id: 'other' })
  assert.equal(await status(`Authorization: Pomerium ${other.credential}`), 403)
  assert.equal(await status(), 401)
  assert.match(await get('/.pomerium/sign_in'), /^HTTP\/1\.1 404 /)
  await control.revokeServiceAccount('backup')
  assert.equal(await status(`Authorization: Pomerium ${credential}`), 401)
})

test('its tokens stay good once it gets a provider', async (t) => {
  const { control, status, restart } = await startGateway(t)
  const { credential } = await control.createServiceAccount(backup)
  await restart(`authenticate_service_url: https://localhost
idp_provider_url: https://login.example.com
idp_client_id: a
idp_client_secret: b
`)
  assert.equal(await status(`Authorization: Pomerium ${credential}`), 200)
})

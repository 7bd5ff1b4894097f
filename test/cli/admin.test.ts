// "postern admin" on the gateway of this machine by its socket, and on the same one by its API as from elsewhere.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { loadPages } from '../../src/console/pages.ts'
import { localActor } from '../../src/control/change.ts'
import {
  connectHead,
  connectTls,
  echo,
  startService,
  testCa,
  testCertificate,
} from '../../src/gateway/gateway.fixture.ts'
import type { TunnelSummary } from '../../src/control/protocol.ts'
import { runGateway } from '../../src/gateway/run.ts'
import { createSandbox, runPostern } from './program.ts'

const target = 'db.example.com:5432'

async function startRig(t: TestContext) {
  const { path, env, ...box } = await createSandbox()
  const service = await startService(echo)
  t.after(() => service[Symbol.asyncDispose]())
  await writeFile(join(path, 'cert.pem'), testCertificate.cert)
  await writeFile(join(path, 'key.pem'), testCertificate.key, { mode: 0o600 })
  await writeFile(join(path, 'ca.pem'), testCa)
  const config = join(path, 'postern.yaml')
  await writeFile(
    config,
    `address: 127.0.0.1:0
certificate_file: cert.pem
certificate_key_file: key.pem
state_directory: state
administrators: {admin: [boss], auditor: [clerk]}
routes:
  - {id: db, from: "tcp+https://${target}", to: "tcp://127.0.0.1:${service.port}", allow_public_unauthenticated_access: true}
`,
    { mode: 0o600 },
  )
  const sink = { write: () => undefined }
  const pages = await loadPages()
  const gateway = await runGateway({ path: config, env: {}, logSink: sink, pages })
  t.after(async () => {
    await gateway.close(0)
    // Its last checkpoint is written as it ends.
    await box[Symbol.asyncDispose]()
  })
  const url = `https://localhost:${gateway.address.port}`
  const remote = async (id: string): Promise<readonly string[]> => {
    const creation = { id, description: '', format: 'jwt', expires_at: null } as const
    const made = await gateway.operations.createServiceAccount(localActor, creation)
    await writeFile(join(path, `${id}.token`), `${made.credential}\n`, { mode: 0o600 })
    const account = ['--service-account-file', join(path, `${id}.token`)]
    return ['--gateway', url, '--ca-file', join(path, 'ca.pem'), ...account]
  }
  const open = async () => {
    const socket = await connectTls(gateway.address.port)
    socket.on('error', () => undefined)
    t.after(() => socket.destroy())
    socket.write(connectHead(target))
    const [head] = (await once(socket, 'data')) as [Buffer]
    assert.match(head.toString(), /^HTTP\/1\.1 200 /)
    return socket
  }
  const admin = (...args: readonly string[]) => runPostern(['admin', ...args], { env })
  const inGateway = (...args: readonly string[]) => runPostern(['gateway', ...args], { env })
  return { config, remote, open, admin, inGateway, gateway, service }
}

interface Listed {
  readonly tunnels: readonly { readonly id: string; readonly route_id: string }[]
}

test('tunnels are listed and cut, by the socket and from elsewhere', async (t) => {
  const { config, remote, open, admin } = await startRig(t)
  const boss = await remote('boss')
  for (const where of [['-c', config], boss]) {
    const socket = await open()
    const listed = await admin('tunnels', 'list', ...where, '--json')
    const { tunnels } = JSON.parse(listed.stdout) as Listed
    assert.deepEqual(
      tunnels.map(({ route_id }) => route_id),
      ['db'],
      listed.stderr,
    )
    const table = await admin('tunnels', 'list', ...where)
    assert.match(table.stdout, /^WHO +ROUTE +FROM +TO .*\n.*db\.example\.com:5432/)
    const closed = once(socket.resume(), 'end')
    const cut = await admin('tunnels', 'cut', ...where, tunnels[0]?.id ?? '')
    assert.deepEqual([cut.code, cut.stdout], [0, `${tunnels[0]?.id}\n`], cut.stderr)
    await closed
    socket.destroy()
    const again = await admin('tunnels', 'cut', ...where, tunnels[0]?.id ?? '')
    assert.equal(again.code, 2, again.stderr)
    assert.match(again.stderr, /there is no open tunnel/)
    assert.equal((await admin('tunnels', 'cut', ...where)).code, 2)
  }
})

test('"postern gateway tunnels" names one by its route, cuts it, and the audit log has it', async (t) => {
  const { config, open, inGateway, service } = await startRig(t)
  const where = ['-c', config]
  const socket = await open()
  const listed = await inGateway('tunnels', 'list', ...where, '--route', 'db', '--json')
  const [tunnel] = (JSON.parse(listed.stdout) as { tunnels: TunnelSummary[] }).tunnels
  assert.equal(tunnel?.upstream, `127.0.0.1:${service.port}`, listed.stderr)
  const closed = once(socket.resume(), 'end')
  const cut = await inGateway('tunnels', 'cut', ...where, 'db')
  assert.deepEqual([cut.code, cut.stdout, cut.stderr], [0, `${tunnel.id}\n`, 'cut 1 tunnel\n'])
  await closed
  const audit = await inGateway('audit', 'list', ...where, '--kind', 'admin', '--json')
  assert.match(audit.stdout, new RegExp(`"event":"tunnels cut".*"tunnel-ids":\\["${tunnel.id}"`))
  assert.equal((await inGateway('tunnels', 'cut', ...where, 'db')).code, 2)
})

test('an auditor sees and changes nothing, and nobody else comes in', async (t) => {
  const { remote, open, admin } = await startRig(t)
  await open()
  const [clerk, stranger] = [await remote('clerk'), await remote('stranger')]
  const listed = await admin('tunnels', 'list', ...clerk, '--json')
  assert.equal((JSON.parse(listed.stdout) as Listed).tunnels.length, 1)
  const cut = await admin('tunnels', 'cut', ...clerk, '--route', 'db')
  assert.equal(cut.code, 4, cut.stderr)
  const refused = await admin('tunnels', 'list', ...stranger)
  assert.equal(refused.code, 4, refused.stderr)
  assert.equal((await admin('tunnels', 'list', ...stranger.slice(0, 4))).code, 2)
})

test('sessions, people and routes are seen and changed both ways', async (t) => {
  const { config, remote, admin } = await startRig(t)
  const boss = await remote('boss')
  for (const where of [['-c', config], boss]) {
    const sessions = await admin('sessions', 'list', ...where)
    assert.match(sessions.stderr, /nobody is signed in/)
    const blocked = await admin('people', 'block', ...where, 'eve@example.com', '--reason', 'left')
    assert.equal(blocked.stdout, 'eve@example.com\n', blocked.stderr)
    assert.match((await admin('people', 'blocked', ...where)).stdout, /eve@example\.com .*left/)
    assert.equal((await admin('people', 'unblock', ...where, 'eve@example.com')).code, 0)
    assert.match(
      (await admin('routes', 'list', ...where)).stdout,
      /^db .*postern\.yaml:\d+ +in use/m,
    )
    const disabled = await admin('routes', 'disable', ...where, 'db')
    assert.match(disabled.stderr, /route "db" is written in .*postern\.yaml/)
    assert.equal(disabled.code, 2)
    const missing = await admin('routes', 'disable', ...where, 'nothing')
    assert.equal(missing.code, 5, missing.stderr)
  }
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'
import { createControlClient } from '../control/client.ts'
import { deriveKeys } from '../identity/keys.ts'
import type { Session } from '../identity/session.ts'
import { createTokens } from '../identity/tokens.ts'
import { freePort } from '../net/free-port.fixture.ts'
import { remoteMethods } from '../store/remote-calls.ts'
import {
  collectLines,
  connectHead,
  connectTls,
  echo,
  startService,
  testCertificate,
} from './gateway.fixture.ts'
import { runGateway } from './run.ts'

const target = 'db.example.com:5432'
const farMs = 4_000_000_000_000
/** The secret that the tokens in `at-0004.fixture.sql` are encrypted from. */
const sharedSecret = Buffer.alloc(32, 3)

test('a state directory of the release before is opened, and who was signed in still is', async (t) => {
  const { status, control } = await startGateway(t)
  assert.equal(await status('s-1'), 200)
  assert.equal(await status('s-2'), 403)
  assert.equal(await status('s-3'), 401)
  const { sessions } = await control.listSessions()
  assert.deepEqual(sessions.map(({ id }) => id).toSorted(), ['s-1', 's-2'])
  await control.revokeSession('s-1')
  assert.equal(await status('s-1'), 401)
})

test('a tunnel of a session that is in memory asks the thread of the database for nothing', async (t) => {
  const { status } = await startGateway(t)
  assert.equal(await status('s-1'), 200)
  const posted = t.mock.method(Worker.prototype, 'postMessage')
  for (let count = 0; count < 10; count += 1) assert.equal(await status('s-1'), 200)
  // What looks for the expired every few seconds may come in between, the index that follows the audit log, and the
  // key that its first checkpoint is signed with.
  const sweeping = new Set(['removeExpired', 'listDue', 'list', 'take'])
  type Asked = { readonly method: string; readonly part?: string; readonly args?: unknown }
  const isOfAudit = ({ part, args }: Asked): boolean =>
    part === 'auditIndex' || (part === 'signingKeys' && JSON.stringify(args).includes('"audit"'))
  const asked = posted.mock.calls.map(({ arguments: [message] }) => message as Asked)
  assert.deepEqual(
    asked.filter((it) => !sweeping.has(it.method) && !isOfAudit(it)),
    [],
  )
  assert.ok(Object.hasOwn(remoteMethods.sessions, 'getFacts') && !sweeping.has('getFacts'))
  assert.equal(await status('s-2'), 403)
  assert.ok(
    posted.mock.calls.some(
      ({ arguments: [it] }) => (it as { method: string }).method === 'getFacts',
    ),
  )
})

test('a gateway whose database answers nothing of what it looks after ends all the same', async (t) => {
  const sweeping = new Set(['take', 'listPage', 'removeExpired', 'listDue'])
  const { postMessage } = Worker.prototype
  const dropped = Promise.withResolvers<void>()
  t.mock.method(
    Worker.prototype,
    'postMessage',
    function (this: Worker, message: { method: string }) {
      if (sweeping.has(message.method)) dropped.resolve()
      else postMessage.call(this, message)
    },
  )
  const { close } = await startGateway(t)
  await dropped.promise
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const closed = close()
  for (let seconds = 0; seconds < 20; seconds += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    t.mock.timers.tick(1_000)
  }
  await closed
})

/** A gateway over a state directory as the release before wrote it; `u-1` may use its route. */
async function startGateway(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'postern-kept-'))
  const service = await startService(echo)
  t.after(() => service[Symbol.asyncDispose]())
  const port = await freePort()
  const state = join(directory, 'state')
  await mkdir(state, { mode: 0o700 })
  const database = new DatabaseSync(join(state, 'postern.db'))
  const sql = new URL('../store/at-0004.fixture.sql', import.meta.url)
  database.exec(await readFile(sql, 'utf8'))
  // Nobody is to be asked about them: nobody listens on this port.
  const issuer = 'http://127.0.0.1:9'
  database.exec(`update sessions set issuer = '${issuer}', refresh_due_at_ms = ${farMs}`)
  database.close()
  const path = join(directory, 'postern.yaml')
  await writeFile(join(directory, 'cert.pem'), testCertificate.cert)
  await writeFile(join(directory, 'key.pem'), testCertificate.key, { mode: 0o600 })
  const yaml = `address: 127.0.0.1:${port}
certificate_file: cert.pem
certificate_key_file: key.pem
state_directory: state
shared_secret: ${sharedSecret.toString('base64')}
authenticate_service_url: https://localhost
idp_provider_url: ${issuer}
idp_client_id: a
idp_client_secret: b
routes:
  - from: tcp+https://${target}
    to: tcp://127.0.0.1:${service.port}
    policy: [{ allow: { or: [{ user: u-1 }] } }]
`
  await writeFile(path, yaml, { mode: 0o600 })
  const gateway = await runGateway({ path, env: {}, logSink: collectLines().sink })
  t.after(async () => {
    await gateway.close(0)
    // Its last checkpoint is written as it ends.
    await rm(directory, { recursive: true, force: true })
  })
  const tokens = createTokens('localhost', deriveKeys(sharedSecret, sharedSecret).token)
  return {
    close: () => gateway.close(0),
    control: createControlClient(state),
    async status(id: string): Promise<number> {
      const token = await tokens.issue({
        id,
        userId: 'u',
        issuedAtMs: 0,
        expiresAtMs: farMs,
      } as Session)
      const socket = await connectTls(port)
      socket.write(connectHead(target, `Authorization: Pomerium ${token}`))
      const [head] = (await once(socket, 'data')) as [Buffer]
      socket.destroy()
      return Number(head.toString().split(' ')[1])
    },
  }
}

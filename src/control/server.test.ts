import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { request, type IncomingMessage } from 'node:http'
import { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { stateFiles } from '../store/state-directory.ts'
import { createControlClient, type ControlClient } from './client.ts'
import { createTestOperations, testSession } from './operations.fixture.ts'
import type { Operations } from './operations.ts'
import type { SessionSummary } from './protocol.ts'
import { startControl, type ControlOptions } from './server.ts'

interface Socket {
  readonly client: ControlClient
  readonly directory: string
  /** What the log was told. */
  readonly happened: readonly string[]
  /** Asks and reads nothing of the answer yet. */
  ask(method: string, path: string, body?: string): Promise<IncomingMessage>
}

/** The socket over operations of which a test makes up some. */
async function startSocket(
  t: TestContext,
  made: Partial<Operations>,
  options: Partial<ControlOptions> = {},
): Promise<Socket> {
  const directory = await mkdtemp(join(tmpdir(), 'postern-socket-'))
  t.after(() => rm(directory, { recursive: true }))
  const { operations, logger, happened } = createTestOperations()
  const socketPath = join(directory, stateFiles.controlSocket)
  const all = { ...operations, ...made }
  const server = await startControl(socketPath, { operations: all, logger, ...options })
  t.after(() => server.close(0))
  return {
    client: createControlClient(directory),
    directory,
    happened,
    async ask(method, path, body) {
      const outgoing = request({ socketPath, method, path }).end(body)
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
      return response
    },
  }
}

test('nobody but the user of the gateway may open the socket', async (t) => {
  const { directory } = await startSocket(t, {})
  const { mode } = await stat(join(directory, stateFiles.controlSocket))
  assert.equal((mode & 0o777).toString(8), '600')
})

test('a connection that the system cannot give ends nothing else', async (t) => {
  const listen = t.mock.method(Server.prototype, 'listen')
  const { ask } = await startSocket(t, {})
  const server: unknown = listen.mock.calls[0]?.this
  assert.ok(server instanceof Server)
  for (const times of [1, 2]) server.emit('error', new Error(`accept EMFILE ${times}`))
  assert.equal((await ask('GET', '/nothing')).statusCode, 404)
})

/** As many sessions as are asked for; `onEnd` is told how many were. */
async function* sessionsUpTo(
  count: number,
  onEnd: (made: number) => void = () => undefined,
): AsyncGenerator<SessionSummary> {
  let made = 0
  try {
    for (; made < count; made += 1) yield summary(`s${made}`)
  } finally {
    onEnd(made)
  }
}

function summary(id: string): SessionSummary {
  const times = { issued_at: '', expires_at: '', last_used_at: '' }
  const who = { user: 'ü', email: null, name: null, provider: 'default' }
  const from = { device: null, kind: null, ip: null }
  return { ...times, ...who, ...from, id, groups: [], tunnels: 0 }
}

test('a list of many pieces arrives whole, in order', async (t) => {
  const listSessions = () => sessionsUpTo(5_000)
  const { client } = await startSocket(t, { listSessions })
  const { sessions } = await client.listSessions()
  assert.equal(sessions.length, 5_000)
  assert.deepEqual(sessions[4_999], summary('s4999'))
})

test('a list is as it always was: one JSON object, with the items in its only member', async (t) => {
  const { ask } = await startSocket(t, { listSessions: () => sessionsUpTo(2) })
  const response = await ask('GET', '/sessions')
  assert.equal(response.headers['content-type'], 'application/json')
  const text = JSON.stringify({ sessions: [summary('s0'), summary('s1')] })
  assert.equal(Buffer.concat(await response.toArray()).toString(), text)
})

test('a reader that takes nothing makes nobody work, and is let go of', async (t) => {
  const ended = Promise.withResolvers<number>()
  const listSessions = () => sessionsUpTo(1_000_000, ended.resolve)
  const { ask } = await startSocket(t, { listSessions }, { idleTimeoutMs: 100 })
  const response = await ask('GET', '/sessions')
  response.on('error', () => undefined)
  // More than the buffers of two sockets would be held by the gateway.
  assert.ok((await ended.promise) < 50_000)
})

test('a list that cannot be begun is a failure, and the log knows why', async (t) => {
  const { client, happened } = await startSocket(t, {
    async *listSessions() {
      yield* await Promise.reject<SessionSummary[]>(new Error('disk full'))
    },
  })
  await assert.rejects(client.listSessions(), { code: 'control-failed' })
  assert.deepEqual(happened, ['failed a command failed'])
})

test('a list that breaks off is no list', async (t) => {
  const { client } = await startSocket(t, {
    async *listSessions() {
      yield* sessionsUpTo(5_000)
      throw new Error('disk full')
    },
  })
  await assert.rejects(client.listSessions(), { code: 'control-failed' })
})

test('what is no JSON, and what is too long, reaches no operation', async (t) => {
  const { ask, happened } = await startSocket(t, {})
  const status = async (path: string, body: string): Promise<number | undefined> =>
    (await ask('POST', path, body)).resume().statusCode
  assert.equal(await status('/keys/rotation/step', '{"after":'), 400)
  assert.equal(await status('/keys/rotation/step', 'null'), 400)
  assert.equal(await status('/keys/rotation/step', `{"after":"${'x'.repeat(1_024)}"}`), 413)
  assert.equal(await status('/service-accounts', `"${'x'.repeat(16 * 1024)}"`), 413)
  assert.deepEqual(happened, [])
})

test('a name of a person is one whatever letters it has', async (t) => {
  const { operations } = createTestOperations({ sessions: [testSession('s1', 'ü&=/@a.example')] })
  const { client } = await startSocket(t, operations)
  assert.deepEqual(await client.revokeUser('Ü&=/@A.example'), { revoked: ['s1'] })
})

test('a gateway that does not answer in time is told from one that is not there', async (t) => {
  const never = new Promise<never>(() => undefined)
  const { directory } = await startSocket(t, { listTokenKeys: () => never })
  await assert.rejects(createControlClient(directory, { timeoutMs: 50 }).listTokenKeys(), {
    code: 'gateway-not-running',
    message: `the gateway on "${join(directory, stateFiles.controlSocket)}" did not answer within 0.05 seconds`,
  })
})

test('an answer that has a page of items is sent as it is', async (t) => {
  const page = { route: { id: 'r', name: 'r', from: '' }, items: [], next_cursor: null, total: 0 }
  const { client } = await startSocket(t, {
    whoCan: () => Promise.resolve({ ...page, everybody: false, assumed: [] }),
  })
  assert.deepEqual(await client.whoCan('r', {}), { ...page, everybody: false, assumed: [] })
})

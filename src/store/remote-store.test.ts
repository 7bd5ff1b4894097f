import assert from 'node:assert/strict'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { MessageChannel, Worker } from 'node:worker_threads'
import { AccessError, type SystemError } from '../errors.ts'
import { isBun } from '../is-bun.ts'
import { spawnProgram } from '../program.fixture.ts'
import { receivedError, serveStore, type SentError } from './remote-calls.ts'
import { createRemoteStore } from './remote-store.ts'
import { sessionRecord } from './session-store.suite.ts'
import { openSqliteStore } from './sqlite.ts'
import type { Store } from './store.ts'

/** A store whose thread runs `code` in place of a database, with what it needs for that in scope. */
async function openOver(t: TestContext, code: string): Promise<{ store: Store; worker: Worker }> {
  const text = `import { parentPort } from 'node:worker_threads'
    const say = (said) => parentPort.postMessage(said)
    ${code}`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(text)}`))
  t.after(() => worker.terminate())
  return { store: await createRemoteStore(worker, 'test.db'), worker }
}

const opened = `say({ kind: 'opened' })`
const silent = `${opened}; parentPort.on('message', () => undefined)`

describe('a store whose thread is lost', () => {
  const ways = {
    'throws by itself': `${opened}; parentPort.once('message', () => { throw new Error('a bug') })`,
    'ends the thread': `${opened}; parentPort.once('message', () => process.exit(3))`,
    'takes all memory': `${opened}; parentPort.once('message', () => { const all = []; for (;;) all.push({ n: all.length }) })`,
  }
  for (const [what, code] of Object.entries(ways)) {
    // Bun bounds no thread's memory, and this one has no bound outside of this test.
    const skip = isBun && what === 'takes all memory'
    test(
      `by something that ${what} fails every call, then and later, and says so`,
      { skip },
      async (t) => {
        const resourceLimits = { maxOldGenerationSizeMb: 16 }
        const text = `import { parentPort } from 'node:worker_threads'
        const say = (said) => parentPort.postMessage(said)
        ${code}`
        const file = new URL(`data:text/javascript,${encodeURIComponent(text)}`)
        const worker = new Worker(file, { resourceLimits, stderr: true })
        t.after(() => worker.terminate())
        const store = await createRemoteStore(worker, 'test.db')
        const calls = [store.sessions.get('a'), store.codes.take('b', 1), store.feed.changes(0)]
        const expected = { code: 'store-failed', message: /"test\.db"/ }
        for (const call of calls) await assert.rejects(call, expected)
        await assert.rejects(store.sessions.get('a'), expected)
        assert.equal(((await store.failed) as SystemError).code, 'store-failed')
        await store.close()
      },
    )
  }

  test('before it is open is not opened', async (t) => {
    await assert.rejects(openOver(t, `process.exit(1)`), { code: 'store-failed' })
  })

  test('while it is being closed does not hold up its end', async (t) => {
    const { store, worker } = await openOver(t, silent)
    const call = store.sessions.get('a')
    const rejected = assert.rejects(call, { code: 'store-failed' })
    const closed = store.close()
    await worker.terminate()
    await Promise.all([rejected, closed])
  })
})

describe('a store in another thread', () => {
  test('takes so many calls and no more', async (t) => {
    const { store, worker } = await openOver(t, silent)
    const calls = Array.from({ length: 10_000 }, (_, index) => store.sessions.get(`s-${index}`))
    const ended = Promise.allSettled(calls)
    await assert.rejects(store.sessions.get('one more'), { code: 'store-busy', message: /10000/ })
    await worker.terminate()
    assert.ok((await ended).every(({ status }) => status === 'rejected'))
  })

  test('that has said nothing for half a minute is waited for by nobody else', async (t) => {
    const { store, worker } = await openOver(
      t,
      `${opened}; parentPort.on('message', ({ id }) => { if (id > 1) say({ kind: 'answer', id }) })`,
    )
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const first = store.sessions.get('first')
    const rejected = assert.rejects(first, { code: 'store-busy' })
    await store.sessions.get('second')
    t.mock.timers.tick(29_000)
    await store.sessions.get('in time')
    t.mock.timers.tick(29_000)
    await store.sessions.get('as well')
    t.mock.timers.tick(30_000)
    await rejected
    await assert.rejects(store.sessions.get('too late'), { code: 'store-busy' })
    const heard = once(worker, 'message')
    worker.postMessage({ id: 99 })
    await heard
    await store.sessions.get('once it has spoken again')
  })

  test('that answered while this one was stopped is heard before it is given up', async (t) => {
    const { store, worker } = await openOver(
      t,
      `${opened}
      let answered
      parentPort.on('message', (asked) => {
        if (asked.answered) return void ({ answered } = asked)
        say({ kind: 'answer', id: asked.id })
        Atomics.add(answered, 0, 1)
        Atomics.notify(answered, 0)
      })`,
    )
    const answered = new Int32Array(new SharedArrayBuffer(4))
    worker.postMessage({ answered })
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const answer = store.sessions.get('a')
    Atomics.wait(answered, 0, 0)
    t.mock.timers.tick(30_000)
    await answer
    await store.sessions.get('b')
  })

  test('tells of a change before the call that made it resolves', async (t) => {
    const { store } = await openOver(
      t,
      `${opened}
      parentPort.on('message', ({ id }) => {
        say({ kind: 'changes', changes: [{ revision: id, kind: 'session', id: 's', change: 'ended', reason: 'expired' }] })
        say({ kind: 'answer', id, value: true })
      })`,
    )
    const heard: unknown[] = []
    store.sessions.onEnded((id, reason) => void heard.push([id, reason]))
    await store.sessions.remove('s', 'expired')
    assert.deepEqual(heard, [['s', 'expired']])
  })

  test('closes when what was asked before has its answer, and takes nothing afterwards', async () => {
    const store = await openSqliteStore(':memory:')
    const added = Array.from({ length: 50 }, (_, index) =>
      store.sessions.add(sessionRecord({ id: `s-${index}` })),
    )
    const closed = store.close()
    await assert.rejects(store.sessions.get('s-1'), { code: 'store-closed' })
    await Promise.all([closed, store.close()])
    assert.equal((await Promise.all(added)).length, 50)
    await assert.rejects(store.sessions.get('s-1'), { code: 'store-closed' })
  })

  test('that answers nothing is left when it is closed, and whoever waited is told', async (t) => {
    const { store, worker } = await openOver(t, silent)
    const exited = once(worker, 'exit')
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const call = assert.rejects(store.sessions.get('a'), { code: 'store-closed' })
    const closed = store.close()
    t.mock.timers.tick(10_000)
    await call
    t.mock.timers.tick(10_000)
    await Promise.all([closed, exited])
  })

  test('keeps the class, code, hint and cause of its errors', async () => {
    const store = await openSqliteStore(':memory:')
    await store.sessions.add(sessionRecord())
    await assert.rejects(store.sessions.add(sessionRecord()), { code: 'ERR_SQLITE_ERROR' })
    await store.close()
    const cause = Object.assign(new Error('no space'), { code: 'ENOSPC' })
    const given = new AccessError('a-code', 'a "message"', { hint: 'a hint', cause })
    const sent = await sentBy(given)
    const error = receivedError(sent) as AccessError
    assert.ok(error instanceof AccessError)
    assert.deepEqual([error.code, error.message, error.hint], ['a-code', 'a "message"', 'a hint'])
    assert.equal((error.cause as NodeJS.ErrnoException).code, 'ENOSPC')
  })

  test('does not hold the process, open or closed; a call that is under way does', async () => {
    const sqlite = fileURLToPath(new URL('sqlite.ts', import.meta.url))
    const run = async (use: string): Promise<string> => {
      const code = `const { openSqliteStore } = await import(${JSON.stringify(sqlite)})
        const store = await openSqliteStore(':memory:'); ${use}`
      const child = spawnProgram(process.execPath, ['--input-type=module', '-e', code])
      let stdout = ''
      child.stdout.on('data', (chunk) => (stdout += String(chunk)))
      child.stdin.end()
      const [exit] = await once(child, 'close')
      return `${exit} ${stdout}`.trim()
    }
    assert.equal(await run(''), '0')
    assert.equal(await run('await store.close(); console.log("closed")'), '0 closed')
    const late = 'store.sessions.count([], 1).then((n) => console.log(n, "there"))'
    assert.equal(await run(late), '0 0 there')
  })
})

/** What the thread of a store says when opening it throws this. */
async function sentBy(fault: Error): Promise<SentError> {
  const { port1: port, port2: asker } = new MessageChannel()
  const heard = once(asker, 'message')
  await serveStore(port, async () => {
    throw fault
  })
  const [said] = (await heard) as [{ readonly error: SentError }]
  asker.close()
  return said.error
}

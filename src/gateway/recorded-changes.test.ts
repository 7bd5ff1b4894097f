import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { silentLogger } from '../log.ts'
import { serviceAccountRecord } from '../store/service-account-store.suite.ts'
import { sessionRecord } from '../store/session-store.suite.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { createAuditLog } from '../telemetry/audit-log.ts'
import { followRecordedChanges } from './recorded-changes.ts'

test('a database that nothing was noted in, as a former release leaves it, has nothing told of it', async (t) => {
  const { store, start } = await setUp(t)
  const added = await store.sessions.add(sessionRecord())
  assert.deepEqual(await start(), [])
  assert.equal(await store.feed.recordedUpTo(), added)
})

test('the last changes before an end without notice are told once, and those of an orderly end are not', async (t) => {
  const { store, start, end } = await setUp(t)
  await start()
  const added = await store.sessions.add(sessionRecord())
  await end()
  assert.deepEqual(await start(), [])

  await store.sessions.update({ ...sessionRecord(), revision: added }, 'kept')
  await store.serviceAccounts.add(serviceAccountRecord(), 1)
  await store.sessions.remove('s-1', 'revoked')
  // It was killed.
  assert.deepEqual(await start(), [['service-account backup added', 'session s-1 ended revoked']])
  assert.deepEqual(await start(), [])
})

test('many are told in several records, each of fifty', async (t) => {
  const { store, start } = await setUp(t)
  await start()
  // More than the feed answers at once.
  for (let n = 0; n < 520; n += 1) await store.sessions.add({ ...sessionRecord(), id: `s-${n}` })
  const told = await start()
  assert.deepEqual(
    told.map((changes) => changes.length),
    [...Array.from({ length: 10 }, () => 50), 20],
  )
  assert.equal(told.at(-1)?.at(-1), 'session s-519 added')
})

test('what was changed more than a minute before is told of no more', async (t) => {
  const { store, start, clock } = await setUp(t)
  await start()
  const first = await store.sessions.add(sessionRecord())
  const noted = noting(store)
  clock.advance(60_000)
  // Nothing is known to be a minute old yet.
  await store.serviceAccounts.add(serviceAccountRecord(), 1)
  clock.advance(60_000)
  await noted.promise
  assert.equal(await store.feed.recordedUpTo(), first)
  assert.deepEqual(await start(), [['service-account backup added']])
})

test('a database that is lost keeps nothing of the end from being done', async (t) => {
  const { store, start, end } = await setUp(t)
  await start()
  await store.sessions.add(sessionRecord())
  await store.close()
  await assert.doesNotReject(end())
})

/** Resolves once something is noted. */
function noting({ feed }: Store): { readonly promise: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { noteRecorded } = feed
  Object.assign(feed, {
    noteRecorded: (revision: number) => noteRecorded(revision).then(resolve),
  })
  return { promise }
}

async function setUp(t: TestContext) {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const clock = createFakeClock()
  let running: Awaited<ReturnType<typeof followRecordedChanges>> | undefined
  return {
    store,
    clock,
    /** Answers what is told. */
    async start(): Promise<readonly (readonly string[])[]> {
      const told: string[] = []
      const audit = createAuditLog({
        logger: silentLogger,
        keeper: {
          append(_series, entries) {
            told.push(...entries)
            return Promise.resolve('kept')
          },
        },
      })
      const { feed } = store
      running = await followRecordedChanges({ feed, audit, clock, logger: silentLogger })
      return told.map((entry) => (JSON.parse(entry) as { changes: readonly string[] }).changes)
    },
    end: async () => running?.close(),
  }
}

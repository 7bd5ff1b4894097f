import assert from 'node:assert/strict'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createFakeClock } from '../../fake-clock.ts'
import { silentLogger } from '../../log.ts'
import { runProgramSync } from '../../program.fixture.ts'
import { openSqliteStore } from '../../store/sqlite.ts'
import type { Store } from '../../store/store.ts'
import { openAuditFiles } from '../audit/audit-files.ts'
import { auditBounds, type AuditBounds } from '../audit/retention.ts'
import { startAuditIndexer } from './audit-indexer.ts'
import { readFound } from './read-found.ts'

test('records are found with what they are about, and read from their file', async (t) => {
  const log = await openIndexed(t)
  await log.files.append('people', [
    entry({
      kind: 'sign-in',
      event: 'signed in',
      email: 'Alice@Example.com',
      user: 'u1',
      ip: '::1',
    }),
    entry({ kind: 'admin', event: 'route updated', 'by-email': 'Root@example.com', route: 'db' }),
  ])
  await log.files.append('decisions', [
    entry({
      kind: 'decision',
      event: 'authorize check',
      allow: true,
      deny: true,
      'route-id': 'r1',
    }),
  ])
  await log.indexer.caughtUp()
  const rows = await log.store.auditIndex.search({}, 10)
  assert.deepEqual(
    rows.map(({ series, seq, event, email, actor, outcome }) => [
      series,
      seq,
      event,
      email,
      actor,
      outcome,
    ]),
    [
      ['decisions', 2, 'authorize check', undefined, undefined, 'refused'],
      ['decisions', 1, 'file begun', undefined, undefined, undefined],
      ['people', 3, 'route updated', undefined, 'root@example.com', undefined],
      ['people', 2, 'signed in', 'alice@example.com', undefined, 'allowed'],
      ['people', 1, 'file begun', undefined, undefined, undefined],
    ],
  )
  const found = await readFound(log.directory, rows)
  assert.deepEqual(
    found.map((it) => it?.['seq']),
    [2, 1, 3, 2, 1],
  )
  const [row] = rows
  assert.ok(row !== undefined)
  const wrong = [
    { ...row, seq: 7 },
    { ...row, series: 'people' },
    { ...row, offset: row.offset + 1 },
    { ...row, file: '../../etc/passwd' },
    { ...row, file: 'decisions-2020-01-01-0001.jsonl' },
  ]
  assert.deepEqual(
    await readFound(log.directory, wrong),
    wrong.map(() => undefined),
  )
})

test('what was done to somebody is found by them, and access for a while by the name of its route', async (t) => {
  const log = await openIndexed(t)
  await log.files.append('people', [
    entry({ kind: 'admin', event: 'person blocked', who: 'Bob@Example.com', 'by-user': 'root' }),
    entry({ kind: 'admin', event: 'person unblocked', who: 'u2' }),
    entry({
      kind: 'admin',
      event: 'sessions revoked',
      'user-ids': ['u2'],
      emails: ['bob@example.com'],
    }),
    entry({ kind: 'grant', event: 'access ended', 'route-id': 'r1', 'route-name': 'db' }),
  ])
  await log.indexer.caughtUp()
  const events = async (search: Parameters<Store['auditIndex']['search']>[0]) =>
    (await log.store.auditIndex.search(search, 10)).map(({ event }) => event)
  assert.deepEqual(await events({ who: 'bob@example.com' }), ['sessions revoked', 'person blocked'])
  assert.deepEqual(await events({ who: 'u2' }), ['sessions revoked', 'person unblocked'])
  assert.deepEqual(await events({ text: 'bob@' }), ['sessions revoked', 'person blocked'])
  assert.deepEqual(await events({ route: 'db' }), ['access ended'])
  // Whoever blocks somebody was refused nothing.
  assert.deepEqual(await events({ outcome: 'refused' }), [])
})

test('an index that is behind, or lost, is made again from the files', async (t) => {
  const log = await openIndexed(t, { maxFileBytes: 2_000 })
  const write = async (from: number): Promise<void> => {
    for (let at = from; at < from + 30; at += 1)
      await log.files.append('decisions', [entry({ 'request-id': `q-${at}` })])
  }
  await write(0)
  await log.indexer.caughtUp()
  await log.indexer.close()
  await write(30)
  const again = log.index()
  await again.caughtUp()
  assert.equal(again.isComplete, true)
  const seqs = async (store: Store): Promise<readonly number[]> =>
    (await store.auditIndex.search({ event: 'x' }, 1_000)).map(({ seq }) => seq)
  const all = await seqs(log.store)
  assert.equal(all.length, 60)
  const other = await openSqliteStore(':memory:')
  t.after(() => other.close())
  const fresh = log.index(other)
  await fresh.caughtUp()
  assert.deepEqual(await seqs(other), all)
})

test('a record that is longer than any of the log is not read, and those beside it are', async (t) => {
  const log = await openIndexed(t)
  await log.files.append('people', [
    entry({ event: 'before' }),
    entry({ text: 'x'.repeat(1024 * 1024) }),
    entry({ event: 'after' }),
  ])
  await log.indexer.caughtUp()
  const found = await readFound(log.directory, await log.store.auditIndex.search({}, 10))
  assert.deepEqual(
    found.map((it) => it?.event),
    ['after', undefined, 'before', 'file begun'],
  )
})

test('a pipe in the place of a file is passed over, and nobody waits for it', async (t) => {
  if (process.platform === 'win32') return t.skip('it has no such pipes')
  const directory = await mkdtemp(join(tmpdir(), 'postern-found-'))
  const name = 'decisions-2026-01-01-0001.jsonl'
  runProgramSync('mkfifo', [join(directory, name)])
  // With a writer whoever opens it does not wait for ever, should it be opened.
  const both = await open(join(directory, name), 'r+')
  t.after(async () => {
    await both.close()
    await rm(directory, { recursive: true })
  })
  const place = { series: 'decisions', seq: 1, file: name, offset: 0, bytes: 10 } as const
  assert.deepEqual(await readFound(directory, [place]), [undefined])
})

test('rows go with the files of their records', async (t) => {
  const log = await openIndexed(t, { maxFileBytes: 2_000, maxSeriesBytes: 8_000 })
  for (let at = 0; at < 100; at += 1) {
    await log.files.append('decisions', [entry({ 'request-id': `q-${at}` })])
    await log.indexer.caughtUp()
  }
  const rows = await log.store.auditIndex.search({}, 1_000)
  assert.ok(rows.length < 60, `${rows.length} rows`)
  const apart = rows.filter((_, at) => at % 3 > 0)
  assert.ok((await readFound(log.directory, apart)).every((it) => it !== undefined))
  assert.ok((await readFound(log.directory, rows)).every((it) => it !== undefined))
})

test('a store that fails is told once, and what it missed is indexed later', async (t) => {
  const said: string[] = []
  const log = await openIndexed(t)
  await log.indexer.close()
  let fails = true
  const { auditIndex } = log.store
  const indexer = startAuditIndexer({
    directory: log.directory,
    target: {
      ...auditIndex,
      add: (...row) => (fails ? Promise.reject(new Error('busy')) : auditIndex.add(...row)),
    },
    clock: log.clock,
    logger: { ...silentLogger, error: (message) => void said.push(message) },
  })
  t.after(() => indexer.close())
  await log.files.append('people', [entry({})])
  for (let times = 0; times < 3; times += 1) await indexer.caughtUp()
  assert.deepEqual([said.length, indexer.isComplete], [1, false])
  fails = false
  log.clock.advance(10_000)
  await indexer.caughtUp()
  assert.equal((await log.store.auditIndex.search({}, 10)).length, 2)
})

test('whoever asks once a store fails no more waits for no other try', async (t) => {
  const log = await openIndexed(t)
  await log.indexer.close()
  let fails = true
  const { auditIndex } = log.store
  const indexer = startAuditIndexer({
    directory: log.directory,
    target: {
      ...auditIndex,
      add: (...row) => (fails ? Promise.reject(new Error('busy')) : auditIndex.add(...row)),
    },
    clock: log.clock,
    logger: silentLogger,
  })
  t.after(() => indexer.close())
  await log.files.append('people', [entry({})])
  await indexer.caughtUp()
  assert.equal((await log.store.auditIndex.search({}, 10)).length, 0)
  fails = false
  await indexer.caughtUp()
  assert.equal((await log.store.auditIndex.search({}, 10)).length, 2)
})

test('a page among 100,000 records comes at once', async (t) => {
  const log = await openIndexed(t)
  const people = Array.from({ length: 100 }, (_, at) => `p${at}@example.com`)
  for (let at = 0; at < 100_000; at += 500)
    await log.files.append(
      'decisions',
      Array.from({ length: 500 }, (_, index) =>
        entry({ kind: 'decision', email: people[index % 100], 'request-id': `q-${at + index}` }),
      ),
    )
  await log.indexer.caughtUp()
  const page = async (search: Parameters<Store['auditIndex']['search']>[0]): Promise<number> => {
    const startedMs = performance.now()
    const rows = await log.store.auditIndex.search(search, 101)
    const found = await readFound(log.directory, rows)
    assert.ok(found.every((it) => it !== undefined))
    return performance.now() - startedMs
  }
  await page({})
  const took: Record<string, number> = {
    first: await page({}),
    who: await page({ who: 'p7@example.com' }),
    request: await page({ requestId: 'q-5' }),
    text: await page({ text: 'p99@' }),
    nothing: await page({ text: 'nowhere' }),
  }
  t.diagnostic(JSON.stringify(took))
  // 5 ms on an idle machine, and 150 where all of them are looked through.
  for (const name of ['first', 'who', 'request', 'text']) assert.ok((took[name] ?? 0) < 250, name)
  assert.ok((took['nothing'] ?? 0) < 2_000)
})

async function openIndexed(t: TestContext, limits: Partial<AuditBounds> = {}) {
  const parent = await mkdtemp(join(tmpdir(), 'postern-index-'))
  const directory = join(parent, 'audit')
  const clock = createFakeClock()
  const files = openAuditFiles(directory, clock, { ...auditBounds, ...limits })
  const store = await openSqliteStore(':memory:')
  t.after(async () => {
    await files.close()
    await store.close()
    await rm(parent, { recursive: true })
  })
  const index = (of = store) => {
    const indexer = startAuditIndexer({
      directory,
      target: of.auditIndex,
      clock,
      logger: silentLogger,
    })
    files.onKept(() => indexer.wake())
    t.after(() => indexer.close())
    return indexer
  }
  return { directory, clock, files, store, index, indexer: index() }
}

function entry(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({
    time: '2026-01-01T00:00:00.000Z',
    kind: 'session',
    event: 'x',
    ...fields,
  })
}

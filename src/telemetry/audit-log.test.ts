import assert from 'node:assert/strict'
import {
  appendFile,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
  type FileHandle,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createFakeClock } from '../fake-clock.ts'
import { openAuditFiles } from './audit/audit-files.ts'
import { createAuditLog, type AuditEntry } from './audit-log.ts'
import type { AuditKeeper } from './audit/keeper.ts'
import { collectLog } from './log.fixture.ts'
import { readAudit, type KeptEntry } from './audit/read-audit.ts'
import { verifyAudit } from './audit/verify/verify-audit.ts'

const alice = { kind: 'person', id: 's1', userId: 'u1', email: 'alice@example.com' } as const
const signedIn: AuditEntry = {
  kind: 'sign-in',
  event: 'signed in',
  session: alice,
  ip: '203.0.113.9',
  userAgent: 'Mozilla/5.0',
  requestId: 'r1',
  details: { provider: 'https://idp.example.com' },
}
const refused: AuditEntry = { kind: 'decision', event: 'authorize check', ip: '203.0.113.66' }

test('an entry is kept with who, whence and what, and then said with the same', async (t) => {
  const { directory, audit, lines } = await openAudit(t)
  audit.record(signedIn)
  assert.deepEqual(lines, [])
  await audit.flushed()
  const fields = {
    kind: 'sign-in',
    user: 'u1',
    email: 'alice@example.com',
    'session-id': 's1',
    ip: '203.0.113.9',
    'user-agent': 'Mozilla/5.0',
    'request-id': 'r1',
    provider: 'https://idp.example.com',
  }
  const time = '2026-01-01T00:00:00.000Z'
  const [{ series, seq, prev: _prev, ...entry } = {} as KeptEntry] = await entriesOf(directory)
  assert.deepEqual(entry, { time, event: 'signed in', ...fields })
  assert.deepEqual([series, seq], ['people', 2])
  const [line = ''] = lines
  const { level, service, message, time: _, ...said } = JSON.parse(line) as Record<string, unknown>
  assert.deepEqual([level, service, message, said], ['info', 'audit', 'signed in', fields])
})

test('nothing is said before it is kept', async () => {
  const order: string[] = []
  const { promise: disk, resolve: diskIsDone } = Promise.withResolvers<void>()
  const keeper: AuditKeeper = {
    async append(series) {
      await disk
      order.push(`kept ${series}`)
      return 'kept'
    },
  }
  const audit = createAuditLog({ logger: collectLog().log.service('audit'), keeper })
  audit.record(signedIn, () => order.push('said'))
  diskIsDone()
  await audit.flushed()
  assert.deepEqual(order, ['kept people', 'said'])
})

test('whoever waits for what was recorded does not wait for what comes later', async () => {
  const disk: (() => void)[] = []
  const keeper: AuditKeeper = {
    append: () => new Promise((resolve) => disk.push(() => resolve('kept'))),
  }
  const said: string[] = []
  const audit = createAuditLog({ logger: collectLog().log.service('audit'), keeper })
  audit.record(signedIn, () => said.push('first'))
  audit.record(signedIn, () => said.push('second'))
  const flushed = audit.flushed()
  disk.shift()?.()
  await setImmediate()
  audit.record(signedIn, () => said.push('later'))
  disk.shift()?.()
  await flushed
  assert.deepEqual(said, ['first', 'second'])
})

test('secrets are not kept', async (t) => {
  const { directory, audit } = await openAudit(t)
  audit.record({ ...signedIn, details: { access_token: 'abc', note: 'Bearer 0123456789abcdef01' } })
  await audit.flushed()
  const [entry] = await entriesOf(directory)
  assert.deepEqual([entry?.['access_token'], entry?.['note']], ['[redacted]', 'Bearer [redacted]'])
})

test('what strangers cause does not push out what is known of people', async (t) => {
  const { directory, audit } = await openAudit(t, { maxFileBytes: 500, maxSeriesBytes: 2_000 })
  audit.record(signedIn)
  audit.record({ kind: 'admin', event: 'sessions revoked' })
  audit.record({ ...refused, session: alice })
  for (let count = 0; count < 400; count++) audit.record(refused)
  await audit.flushed()
  const kept = await entriesOf(directory)
  assert.deepEqual(
    kept.filter(({ kind, email }) => kind !== 'decision' || email !== undefined).length,
    3,
  )
  assert.ok(kept.length < 60, `${kept.length} of 403 are kept`)
  const sizes = await Promise.all(
    (await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size),
  )
  assert.ok(sizes.reduce((sum, size) => sum + size) < 3 * 2_000 + 100 * 150)
})

test('entries go after their days, and no others', async (t) => {
  const { directory, audit, clock } = await openAudit(t, { maxAgeDays: 2 })
  for (const day of [1, 2, 3, 4, 5]) {
    audit.record({ ...signedIn, requestId: `day ${day}` })
    await audit.flushed()
    clock.advance(86_400_000)
  }
  const days = (await entriesOf(directory)).map((entry) => entry['request-id'])
  assert.deepEqual(days, ['day 3', 'day 4', 'day 5'])
})

test('a line that was cut short spoils no other, and reading skips it', async (t) => {
  const { directory, audit } = await openAudit(t)
  await mkdir(directory)
  await writeFile(join(directory, 'people-2026-01-01-0001.jsonl'), '{"time":"2026-01-0')
  audit.record(signedIn)
  await audit.flushed()
  assert.equal((await entriesOf(directory)).length, 1)
  await appendFile(join(directory, 'people-2026-01-01-0001.jsonl'), '{"ti')
  assert.equal((await entriesOf(directory)).length, 1)
})

test('a line beyond what any record has is not read into memory', async (t) => {
  const { directory } = await openAudit(t)
  await mkdir(directory)
  const entry = { time: '2026-01-01T00:00:00.000Z', kind: 'admin', event: 'x' }
  const lines = [entry, { ...entry, why: 'y'.repeat(5 * 1024 * 1024) }, entry]
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  await writeFile(join(directory, 'people-2026-01-01-0001.jsonl'), text)
  assert.equal((await entriesOf(directory)).length, 2)
})

test('a disk that keeps nothing is said once and counted, and the lines are written', async (t) => {
  let losses = 0
  const { directory, audit, lines } = await openAudit(t, {}, (entries) => void (losses += entries))
  // Stands where the directory would be made.
  await writeFile(directory, '')
  for (let count = 0; count < 250; count++) audit.record(signedIn)
  await audit.flushed()
  assert.equal(losses, 250)
  const messages = lines.map((line) => (JSON.parse(line) as { message: string }).message)
  assert.equal(messages.filter((message) => message === 'signed in').length, 250)
  assert.equal(messages.filter((message) => message === 'audit entries are not kept').length, 1)
  await rm(directory)
  audit.record(signedIn)
  await audit.flushed()
  assert.match(lines.at(-2) ?? '', /"lost":250.*"audit entries are kept again"/)
  assert.equal((await entriesOf(directory)).length, 1)
})

for (const [how, takeAway] of Object.entries({
  removed: (directory: string) => rm(directory, { recursive: true }),
  'moved away': (directory: string) => rename(directory, `${directory}.old`),
})) {
  test(`a directory that was ${how} meanwhile loses no further entry, and that is said`, async (t) => {
    const { directory, audit, lines } = await openAudit(t)
    audit.record(signedIn)
    await audit.flushed()
    await takeAway(directory)
    for (const requestId of ['r2', 'r3']) {
      audit.record({ ...signedIn, requestId })
      await audit.flushed()
    }
    const kept = [...(await entriesOf(`${directory}.old`)), ...(await entriesOf(directory))]
    const ids = kept.map((entry) => entry['request-id'])
    assert.deepEqual(ids, how === 'removed' ? ['r2', 'r3'] : ['r1', 'r2', 'r3'])
    assert.deepEqual((await readdir(directory)).length, 1)
    const said = lines.filter((line) => line.includes('were removed or moved away'))
    assert.equal(said.length, 1)
  })
}

test('what the system could not bring to the disk is said, and the file is opened anew', async (t) => {
  const { directory, audit, clock, lines } = await openAudit(t)
  audit.record(signedIn)
  await audit.flushed()
  const { promise: failed, resolve: fail } = Promise.withResolvers<void>()
  const datasync = t.mock.method(await allFiles(), 'datasync', async () => {
    fail()
    throw new Error('EIO: i/o error, fdatasync')
  })
  clock.advance(1_000)
  await failed
  datasync.mock.restore()
  for (const requestId of ['r2', 'r3']) {
    audit.record({ ...signedIn, requestId })
    await audit.flushed()
  }
  const messages = lines.map((line) => (JSON.parse(line) as { message: string }).message)
  const both = ['audit entries are not kept', 'signed in', 'audit entries are kept again']
  assert.deepEqual(messages, ['signed in', ...both, 'signed in'])
  assert.equal((await entriesOf(directory)).length, 3)
})

test('a disk that was full within a line spoils no other', async (t) => {
  const { directory, audit } = await openAudit(t)
  const files = await allFiles()
  const write = t.mock.method(files, 'write', async function (this: FileHandle, bytes: Buffer) {
    write.mock.restore()
    await this.write(bytes.subarray(0, 20))
    throw new Error('ENOSPC: no space left on device, write')
  })
  for (const requestId of ['r2', 'r3']) {
    audit.record({ ...signedIn, requestId })
    await audit.flushed()
  }
  const kept = await entriesOf(directory)
  assert.deepEqual(
    kept.map((entry) => entry['request-id']),
    ['r3'],
  )
})

test('a record of the chain says how many entries of its series were lost before it', async (t) => {
  const { directory, audit } = await openAudit(t)
  audit.record(signedIn)
  audit.record(refused)
  await audit.flushed()
  const write = t.mock.method(await allFiles(), 'write', () => {
    throw new Error('ENOSPC: no space left on device, write')
  })
  for (let count = 0; count < 250; count++) audit.record(signedIn)
  await audit.flushed()
  for (let count = 0; count < 3; count++) audit.record(refused)
  await audit.flushed()
  write.mock.restore()
  // Of both, whichever comes first.
  audit.record({ ...refused, requestId: 'r9' })
  await audit.flushed()
  const told: unknown[] = []
  for await (const { series, seq, event, 'at-most': entries } of readAudit(directory, 0))
    if (event === 'entries lost') told.push([series, seq, entries])
  assert.deepEqual(told, [
    ['people', 3, 250],
    ['strangers', 3, 3],
  ])
  assert.deepEqual((await verifyAudit({ paths: [directory] })).faults, [])
})

test('what was lost while the disk hung stands in the chain when it is back', async () => {
  const { promise: disk, resolve: diskIsBack } = Promise.withResolvers<'kept'>()
  const kept: string[] = []
  let losses = 0
  const audit = createAuditLog({
    logger: collectLog().log.service('audit'),
    keeper: {
      async append(_series, entries) {
        await disk
        kept.push(...entries)
        return 'kept'
      },
    },
    onLost: (entries) => void (losses += entries),
  })
  const details = { note: 'x'.repeat(2_000) }
  for (let count = 0; count < 3_000; count++) audit.record({ ...signedIn, details })
  assert.ok(losses > 0)
  diskIsBack('kept')
  await audit.flushed()
  const told = kept.filter((line) => line.includes('"entries lost"'))
  assert.equal(told.length, 1)
  assert.match(told[0] ?? '', new RegExp(`"kind":"audit",.*"at-most":${losses}\\}$`))
  assert.equal(kept.length, 3_000 - losses + 1)
})

test('a disk that hangs holds up nobody, and what waits for it is bounded', async () => {
  const { log, lines } = collectLog()
  let losses = 0
  const audit = createAuditLog({
    logger: log.service('audit'),
    keeper: { append: () => new Promise(() => undefined) },
    onLost: (entries) => void (losses += entries),
  })
  const details = { note: 'x'.repeat(2_000) }
  for (let count = 0; count < 3_000; count++) audit.record({ ...signedIn, details })
  assert.ok(losses > 900 && losses < 1_500, `${losses} are lost`)
  assert.equal(lines.length, losses + 1)
})

test('a disk that hangs is said after seconds, before anything is lost', async () => {
  const { log, lines } = collectLog()
  const clock = createFakeClock()
  const { promise: disk, resolve: diskIsBack } = Promise.withResolvers<'kept'>()
  const keeper: AuditKeeper = { append: () => disk }
  const audit = createAuditLog({ logger: log.service('audit'), keeper, clock })
  audit.record(signedIn)
  clock.advance(4_999)
  assert.deepEqual(lines, [])
  clock.advance(60_000)
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /"level":"error".*"audit entries wait for the disk"/)
  diskIsBack('kept')
  await audit.flushed()
  assert.match(lines[1] ?? '', /"signed in"/)
  assert.equal(clock.pending, 0)
})

test('what is read is in the order of time over all files, from a moment on', async (t) => {
  const { directory, audit, clock } = await openAudit(t)
  for (const entry of [signedIn, refused, { ...refused, session: alice }, signedIn]) {
    audit.record(entry)
    await audit.flushed()
    clock.advance(1_000)
  }
  const times = (await entriesOf(directory)).map(({ time }) => time)
  assert.deepEqual(times, times.toSorted())
  assert.equal(times.length, 4)
  assert.equal((await entriesOf(directory, Date.UTC(2026, 0, 1, 0, 0, 2))).length, 2)
})

test('only the own user can read the files', async (t) => {
  const { directory, audit } = await openAudit(t)
  audit.record(signedIn)
  await audit.flushed()
  const [name = ''] = await readdir(directory)
  assert.equal((await stat(join(directory, name))).mode & 0o777, 0o600)
  assert.match(await readFile(join(directory, name), 'utf8'), /"event":"signed in"/)
})

async function openAudit(
  t: TestContext,
  limits: Partial<{ maxFileBytes: number; maxSeriesBytes: number; maxAgeDays: number }> = {},
  onLost?: (entries: number) => void,
) {
  const parent = await mkdtemp(join(tmpdir(), 'postern-audit-'))
  const directory = join(parent, 'audit')
  const clock = createFakeClock()
  const bounds = { maxFileBytes: 100_000, maxSeriesBytes: 1_000_000, maxAgeDays: 90, ...limits }
  const keeper = openAuditFiles(directory, clock, bounds)
  const { log, lines } = collectLog()
  const audit = createAuditLog({ logger: log.service('audit'), keeper, clock, onLost })
  t.after(async () => {
    await audit.flushed()
    await keeper.close()
    await rm(parent, { recursive: true })
  })
  return { directory, clock, audit, lines }
}

/** What all open files have in common, for a disk that fails. */
async function allFiles(): Promise<FileHandle> {
  await using file = await open(import.meta.filename)
  return Object.getPrototypeOf(file) as FileHandle
}

/** Without what the log says of itself. */
async function entriesOf(directory: string, sinceMs = 0): Promise<KeptEntry[]> {
  const entries: KeptEntry[] = []
  for await (const entry of readAudit(directory, sinceMs))
    if (entry.kind !== 'audit') entries.push(entry)
  return entries
}

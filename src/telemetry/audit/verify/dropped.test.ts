import assert from 'node:assert/strict'
import { appendFile, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { chainEntry } from '../chain.ts'
import { splitNotes } from '../note-files.ts'
import { openTestLog, type TestLog } from './tamper.fixture.ts'
import { verifyAudit } from './verify-audit.ts'

const bounds = { maxFileBytes: 4_000, maxSeriesBytes: 20_000 }

test('what is dropped leaves a signed stub, from which the check goes on', async (t) => {
  const log = await openDropped(t)
  const verdict = await verifyAudit({ paths: [log.directory], keys: [log.verifierKey] })
  assert.deepEqual(verdict.faults, [])
  const first = verdict.series.find(({ series }) => series === 'decisions')?.first ?? 0
  assert.ok(first > 100, `the first is ${first}`)
  assert.deepEqual(verdict.dropped, { decisions: first - 1 })
  const { notes } = splitNotes(await readFile(join(log.directory, 'dropped.txt'), 'utf8'))
  assert.equal(notes.length, 1)
  assert.match(
    notes[0]?.note ?? '',
    new RegExp(
      `^postern audit dropped v1\ngateway.example.com/audit\n[^\n]+Z\ndecisions 1 ${first - 1} [0-9a-f]{64}\nmore than 20000 bytes\n\n— `,
    ),
  )
  const [, line = ''] = /("kind":"audit","event":"records dropped".*)/.exec(await textOf(log)) ?? []
  assert.match(line, /"first-seq":\d+,"last-seq":\d+,"why":"more than 20000 bytes"\}/)
})

test('days that are too old go in the same way', async (t) => {
  const log = await openTestLog(t, { maxAgeDays: 2 })
  for (let day = 0; day < 6; day += 1) {
    await log.write(10)
    log.clock.advance(86_400_000)
  }
  await log.checkpoints.sign()
  const verdict = await verifyAudit({ paths: [log.directory] })
  assert.deepEqual(verdict.faults, [])
  assert.equal(verdict.dropped.decisions, 33)
  assert.match(await readFile(join(log.directory, 'dropped.txt'), 'utf8'), /older than 2 days/)
})

test('what a kill leaves of files that a stub tells of already is no fault, and held to it', async (t) => {
  const log = await openTestLog(t, { maxAgeDays: 2 })
  for (let day = 0; day < 3; day += 1) {
    await log.write(10)
    log.clock.advance(86_400_000)
  }
  const [, second = '', third = ''] = await filesOf(log)
  const [left, behind] = [await readFile(second, 'utf8'), await readFile(third, 'utf8')]
  log.clock.advance(7 * 86_400_000)
  await log.write(10)
  await log.checkpoints.sign()
  const check = async (): Promise<readonly unknown[]> => {
    const { faults, dropped } = await verifyAudit({ paths: [log.directory] })
    return [dropped.decisions, faults[0]?.what, faults[0]?.seq, faults[0]?.lastSeq]
  }
  const good = [undefined, undefined, undefined]
  assert.deepEqual(await check(), [33, ...good])
  await writeFile(third, behind)
  assert.deepEqual(await check(), [22, ...good])
  await writeFile(second, left)
  assert.deepEqual(await check(), [11, ...good])
  await writeFile(second, left.replace('"r3"', '"r4"'))
  assert.deepEqual(await check(), [11, 'changed', 16, undefined])
  await rm(third)
  await writeFile(second, left)
  assert.deepEqual(await check(), [11, 'removed', 23, 33])
  // With nothing behind it but what is signed.
  for (const path of await filesOf(log)) await rm(path)
  await writeFile(third, behind.replace('"r9"', '"r8"'))
  assert.deepEqual(await check(), [22, 'changed', 33, undefined])
})

test('what somebody removed is told from it', async (t) => {
  const log = await openDropped(t)
  const [first = ''] = await filesOf(log)
  const { dropped } = await verifyAudit({ paths: [log.directory] })
  await rm(first)
  const [fault] = (await verifyAudit({ paths: [log.directory] })).faults
  assert.equal(fault?.what, 'removed')
  assert.equal(fault?.seq, (dropped.decisions ?? 0) + 1)
})

test('a gap that somebody made stays one when what is behind it is dropped', async (t) => {
  const log = await openDropped(t)
  const { dropped } = await verifyAudit({ paths: [log.directory] })
  const [first = ''] = await filesOf(log)
  await rm(first)
  await log.write(200)
  await log.checkpoints.sign()
  const [fault] = (await verifyAudit({ paths: [log.directory] })).faults
  assert.deepEqual([fault?.what, fault?.seq], ['removed', (dropped.decisions ?? 0) + 1])
})

test('a stub counts only with its signature', async (t) => {
  const log = await openDropped(t)
  const path = join(log.directory, 'dropped.txt')
  const text = await readFile(path, 'utf8')
  await writeFile(path, text.replace('decisions 1 ', 'decisions 2 '))
  const { faults } = await verifyAudit({ paths: [log.directory] })
  assert.deepEqual(
    faults.map(({ what }) => what),
    ['removed', 'bad-signature'],
  )
  await rm(path)
  assert.equal((await verifyAudit({ paths: [log.directory] })).faults[0]?.what, 'removed')
})

test('nobody gets the gateway to drop records by giving their files the names of old days', async (t) => {
  const log = await openTestLog(t)
  for (let day = 0; day < 3; day += 1) {
    await log.write(10)
    log.clock.advance(86_400_000)
  }
  await log.checkpoints.sign()
  for (const path of await filesOf(log)) await rename(path, path.replace('2026', '2020'))
  await log.write(10)
  await log.checkpoints.sign()
  const { faults, dropped } = await verifyAudit({ paths: [log.directory] })
  assert.deepEqual([faults[0]?.what, faults[0]?.seq, dropped], ['renamed', 1, {}])
  // Nor by saying in them that they are old.
  const [, , third = ''] = await filesOf(log)
  await writeFile(third, (await readFile(third, 'utf8')).replaceAll('"time":"2026', '"time":"2020'))
  log.clock.advance(86_400_000)
  await log.write(10)
  await log.checkpoints.sign()
  const [fault] = (await verifyAudit({ paths: [log.directory] })).faults
  assert.deepEqual([fault?.what, fault?.seq], ['changed', 34])
})

test('nobody gets the gateway to drop records by filling their files', async (t) => {
  for (const filling of [
    // Between the lines, as a file of its own, and with a chain of its own.
    (text: string) => text.replaceAll('\n', `\n${'x'.repeat(600)}\n`),
    (text: string) => `${text}${`${'x'.repeat(600)}\n`.repeat(20)}`,
    (text: string) => `${text}${chainOf(25)}`,
  ]) {
    const log = await openTestLog(t, bounds)
    for (let times = 0; times < 3; times += 1) await log.write(10)
    await log.checkpoints.sign()
    await log.files.close()
    const [, second = ''] = await filesOf(log)
    await writeFile(second, filling(await readFile(second, 'utf8')))
    const { files } = log.reopen()
    await files.append('decisions', ['{"time":"2026-01-01T00:00:00.000Z","kind":"admin"}'])
    await log.checkpoints.sign()
    const { dropped } = await verifyAudit({ paths: [log.directory] })
    assert.deepEqual(dropped, {})
    assert.match(await textOf(log), /"seq":1,/)
  }
})

test('what has to go since the disk is filled goes without a stub, and is missed', async (t) => {
  const log = await openTestLog(t, bounds)
  for (let times = 0; times < 3; times += 1) await log.write(10)
  await log.checkpoints.sign()
  await log.files.close()
  const [, second = ''] = await filesOf(log)
  await appendFile(second, `${'x'.repeat(600)}\n`.repeat(100))
  const { files } = log.reopen()
  await files.append('decisions', ['{"time":"2026-01-01T00:00:00.000Z","kind":"admin"}'])
  const [fault] = (await verifyAudit({ paths: [log.directory] })).faults
  assert.deepEqual([fault?.what, fault?.seq], ['removed', 1])
})

test('nothing goes while nobody can sign for it, up to twice the bound', async (t) => {
  const log = await openTestLog(t, bounds)
  log.by.signer = undefined
  await log.write(100)
  assert.match(await textOf(log), /"seq":1,/)
  log.by.signer = log.signer
  await log.write(1)
  await log.write(20)
  await log.checkpoints.sign()
  assert.deepEqual((await verifyAudit({ paths: [log.directory] })).faults, [])
  log.by.signer = undefined
  await log.write(500)
  const bytes = Buffer.byteLength(await textOf(log))
  assert.ok(bytes < 2 * bounds.maxSeriesBytes + 3 * bounds.maxFileBytes + 40_000, `${bytes} bytes`)
})

async function openDropped(t: TestContext): Promise<TestLog> {
  const log = await openTestLog(t, bounds)
  for (let times = 0; times < 40; times += 1) await log.write(10)
  await log.checkpoints.sign()
  return log
}

async function filesOf({ directory }: TestLog): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.jsonl')).sort()
  return names.map((name) => join(directory, name))
}

async function textOf(log: TestLog): Promise<string> {
  const texts = await Promise.all((await filesOf(log)).map((path) => readFile(path, 'utf8')))
  return texts.join('')
}

/** Records whose chain holds in itself, and goes on from nothing. */
function chainOf(records: number): string {
  let head = { seq: 500, hash: 'a'.repeat(64) }
  const lines = Array.from({ length: records }, () => {
    const entry = `{"time":"2026-01-01T00:00:00.000Z","kind":"${'x'.repeat(400)}"}`
    const next = chainEntry('decisions', head, entry)
    ;({ head } = next)
    return `${next.line}\n`
  })
  return lines.join('')
}

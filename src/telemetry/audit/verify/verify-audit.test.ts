import assert from 'node:assert/strict'
import {
  appendFile,
  cp,
  readFile,
  readdir,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { chainEntry, emptyChain, lineHash, placeOf, type ChainHead } from '../chain.ts'
import { latestCheckpoint } from '../latest-checkpoint.ts'
import { signNote } from '../signed-note.ts'
import { openTestLog, type TestLog } from './tamper.fixture.ts'
import { verifyAudit, type AuditVerdict, type VerifyOptions } from './verify-audit.ts'

test('a log that nobody touched is good, and it is told how much of it is signed', async (t) => {
  const log = await openTestLog(t)
  await log.write(250)
  await log.checkpoints.sign()
  await log.write(30)
  const verdict = await verify(log)
  assert.deepEqual(verdict.faults, [])
  const decisions = verdict.series.find(({ series }) => series === 'decisions')
  assert.deepEqual([decisions?.records, decisions?.last, decisions?.signed], [281, 281, 251])
  assert.equal(verdict.signed.checkpoints, 1)
  assert.equal(verdict.areKeysTrusted, false)
  const byKey = await verify(log, { keys: [log.verifierKey] })
  assert.deepEqual([byKey.faults, byKey.areKeysTrusted], [[], true])
})

test('a file that was removed is told by the numbers that are missing', async (t) => {
  const log = await openThreeFiles(t)
  const [, second = ''] = await filesOf(log)
  await rm(second)
  const [fault] = (await verify(log)).faults
  assert.deepEqual([fault?.what, fault?.seq, fault?.lastSeq], ['removed', 12, 22])
  assert.deepEqual([fault?.file, fault?.line], ['decisions-2026-01-03-0001.jsonl', 1])
})

test('the first and the last file are missed as well, the last one by what was signed', async (t) => {
  const log = await openThreeFiles(t)
  const [first = '', , last = ''] = await filesOf(log)
  const kept = await readFile(last)
  await rm(last)
  const [truncated] = (await verify(log)).faults
  assert.deepEqual([truncated?.what, truncated?.seq, truncated?.lastSeq], ['truncated', 23, 33])
  await writeFile(last, kept)
  await rm(first)
  const [removed] = (await verify(log)).faults
  assert.deepEqual([removed?.what, removed?.seq, removed?.lastSeq], ['removed', 1, 11])
  for (const path of await filesOf(log)) await rm(path)
  const [all] = (await verify(log)).faults
  assert.deepEqual([all?.what, all?.seq, all?.lastSeq], ['truncated', 1, 33])
})

test('a file under another name is told, whether its place is the same or not', async (t) => {
  const log = await openThreeFiles(t)
  const [, second = ''] = await filesOf(log)
  const after = join(log.directory, 'decisions-2026-01-02-0007.jsonl')
  await rename(second, after)
  const [moved] = (await verify(log)).faults
  assert.deepEqual([moved?.what, moved?.seq], ['renamed', 12])
  assert.match(moved?.detail ?? '', /"decisions-2026-01-02-0001.jsonl"/)
  await rename(after, join(log.directory, 'decisions-2026-01-09-0001.jsonl'))
  const [behind] = (await verify(log)).faults
  assert.deepEqual([behind?.what, behind?.seq], ['reordered', 12])
  await rename(
    join(log.directory, 'decisions-2026-01-09-0001.jsonl'),
    join(log.directory, 'people-2026-01-02-0001.jsonl'),
  )
  assert.deepEqual(
    (await verify(log)).faults.map(({ series, what }) => [series, what]),
    [
      ['people', 'changed'],
      ['decisions', 'removed'],
    ],
  )
})

test('records that were written anew with a chain that holds are told by the checkpoint', async (t) => {
  const log = await openTestLog(t)
  await log.write(20)
  await log.checkpoints.sign()
  await log.write(20)
  await log.checkpoints.sign()
  await log.write(5)
  const [path = ''] = await filesOf(log)
  await rewriteFrom(path, 31)
  const [fault] = (await verify(log)).faults
  assert.deepEqual([fault?.what, fault?.seq, fault?.lastSeq], ['rewritten', 22, 41])
  assert.match(fault?.detail ?? '', /signed at 2026-01-01T00:00:00.000Z/)
})

test('behind the last checkpoint such a thing is not seen, and it is told how much that is', async (t) => {
  const log = await openTestLog(t)
  await log.write(20)
  await log.checkpoints.sign()
  await log.write(20)
  const [path = ''] = await filesOf(log)
  await rewriteFrom(path, 31)
  const verdict = await verify(log)
  assert.deepEqual(verdict.faults, [])
  assert.equal(signedOf(verdict), 21)
})

test('whoever cuts the log with its checkpoints is found by one that was kept elsewhere', async (t) => {
  const log = await openTestLog(t)
  await log.write(20)
  await log.checkpoints.sign()
  const before = await copyOf(log)
  await log.write(20)
  const elsewhere = join(log.directory, '..', 'kept.txt')
  await writeFile(elsewhere, (await log.checkpoints.sign()) ?? '')
  const options = { checkpoints: [elsewhere], keys: [log.verifierKey] }
  assert.deepEqual((await verifyAudit({ paths: [log.directory], ...options })).faults, [])
  assert.deepEqual((await verifyAudit({ paths: [before] })).faults, [])
  const [fault] = (await verifyAudit({ paths: [before], ...options })).faults
  assert.deepEqual([fault?.what, fault?.seq, fault?.lastSeq], ['truncated', 22, 41])
})

test('a whole log with keys of its own is found by the key that was kept elsewhere', async (t) => {
  const log = await openTestLog(t)
  const forged = await openTestLog(t)
  for (const it of [log, forged]) {
    await it.write(10)
    await it.checkpoints.sign()
  }
  assert.deepEqual((await verify(forged)).faults, [])
  const verdict = await verify(forged, { keys: [log.verifierKey] })
  assert.deepEqual(
    verdict.faults.map(({ what }) => what),
    ['unknown-key'],
  )
})

test('a checkpoint of another gateway is called that', async (t) => {
  const log = await openTestLog(t)
  const other = await openTestLog(t, {}, 'other.example.com')
  for (const it of [log, other]) {
    await it.write(10)
    await it.checkpoints.sign()
  }
  const kept = join(log.directory, '..', 'kept.txt')
  await writeFile(kept, (await latestCheckpoint(other.directory)) ?? '')
  const [fault] = (await verify(log, { checkpoints: [kept] })).faults
  assert.equal(fault?.what, 'other-log')
  assert.match(
    fault?.detail ?? '',
    /"other.example.com\/audit", not of "gateway.example.com\/audit"/,
  )
})

test('a changed or forged checkpoint is told', async (t) => {
  const log = await openTestLog(t)
  await log.write(10)
  await log.checkpoints.sign()
  const path = join(log.directory, 'checkpoints-2026-01-01.txt')
  const text = await readFile(path, 'utf8')
  await writeFile(path, text.replace('decisions 11', 'decisions 10'))
  const [changed] = (await verify(log)).faults
  assert.deepEqual(
    [changed?.what, changed?.file, changed?.line],
    ['bad-signature', 'checkpoints-2026-01-01.txt', 1],
  )
  await writeFile(path, `${text}something else\n\n${text}`)
  const [damaged] = (await verify(log)).faults
  assert.deepEqual([damaged?.what, damaged?.line], ['damaged-note', 10])
  await writeFile(path, `${signNote('postern audit dropped v1\nx\ny\n', [log.key])}\n`)
  assert.equal((await verify(log)).faults[0]?.what, 'damaged-note')
})

test('a line that is just being written is no fault, and one that was signed and is not whole is', async (t) => {
  const log = await openTestLog(t)
  await log.write(10)
  await log.files.close()
  const [path = ''] = await filesOf(log)
  const bytes = await readFile(path)
  await appendFile(path, '{"series":"decisions","seq":12,"prev":"00')
  const verdict = await verify(log)
  assert.deepEqual(verdict.faults, [])
  assert.equal(verdict.series.find(({ series }) => series === 'decisions')?.incompleteBytes, 41)
  await writeFile(path, bytes)
  await log.checkpoints.sign()
  await truncate(path, bytes.length - 1)
  const [fault] = (await verify(log)).faults
  assert.deepEqual([fault?.what, fault?.seq], ['changed', 11])
})

test('lines of an earlier release and of strangers are told apart', async (t) => {
  const log = await openTestLog(t)
  await log.write(3)
  await log.files.close()
  const [path = ''] = await filesOf(log)
  await appendFile(path, '{"time":"2026-01-01T00:00:00.000Z","kind":"admin"}\n'.repeat(2))
  const [added] = (await verify(log)).faults
  assert.deepEqual([added?.what, added?.seq], ['changed', 5])
  // As after the run of a release without a chain: the log itself tells of them.
  await log
    .reopen()
    .files.append('decisions', ['{"time":"2026-01-01T00:00:00.000Z","kind":"admin"}'])
  const verdict = await verify(log)
  assert.deepEqual(verdict.faults, [])
  assert.equal(verdict.series.find(({ series }) => series === 'decisions')?.unchained, 2)
  const text = await readFile(path, 'utf8')
  await writeFile(path, text.replace('{"time"', '{"time":"2026-01-01T00:00:00.000Z"}\n{"time"'))
  const [more] = (await verify(log)).faults
  assert.deepEqual([more?.what, more?.seq], ['added', 5])
})

test('100,000 records are checked within seconds', async (t) => {
  const log = await openTestLog(t, { maxFileBytes: 8 * 1024 * 1024 })
  await log.write(100_000)
  await log.checkpoints.sign()
  const startedMs = performance.now()
  const verdict = await verify(log)
  const tookMs = performance.now() - startedMs
  assert.deepEqual(verdict.faults, [])
  assert.ok(signedOf(verdict) > 100_000)
  // 0.4 s on an idle machine.
  assert.ok(tookMs < 10_000, `${tookMs} ms`)
})

function verify(log: TestLog, options: Omit<VerifyOptions, 'paths'> = {}): Promise<AuditVerdict> {
  return verifyAudit({ paths: [log.directory], ...options })
}

function signedOf(verdict: AuditVerdict): number {
  return verdict.series.find(({ series }) => series === 'decisions')?.signed ?? 0
}

/** Eleven records each on three days, signed. */
async function openThreeFiles(t: Parameters<typeof openTestLog>[0]): Promise<TestLog> {
  const log = await openTestLog(t)
  for (let day = 0; day < 3; day += 1) {
    await log.write(10)
    log.clock.advance(86_400_000)
  }
  await log.checkpoints.sign()
  await log.files.close()
  return log
}

async function filesOf({ directory }: TestLog): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.jsonl')).sort()
  return names.map((name) => join(directory, name))
}

async function copyOf({ directory }: TestLog): Promise<string> {
  const copy = join(directory, '..', `${basename(directory)}-copy`)
  await cp(directory, copy, { recursive: true })
  return copy
}

/** Writes the records from one on anew, with a chain that holds. */
async function rewriteFrom(path: string, seq: number): Promise<void> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
  let head: ChainHead = emptyChain
  const rewritten = lines.map((line) => {
    const place = placeOf(Buffer.from(line))
    if ((place?.seq ?? 0) < seq) {
      head = { seq: place?.seq ?? 0, hash: lineHash(line) }
      return line
    }
    const entry = `{${line.slice(line.indexOf('"time"')).replace('alice', 'mallory')}`
    const next = chainEntry('decisions', head, entry)
    ;({ head } = next)
    return next.line
  })
  await writeFile(path, `${rewritten.join('\n')}\n`)
}

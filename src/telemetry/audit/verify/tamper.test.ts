import assert from 'node:assert/strict'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { splitLines } from '../lines.ts'
import { latestCheckpoint } from '../latest-checkpoint.ts'
import type { Fault } from './fault.ts'
import { createSeriesCheck, type SeriesReport, type SignedHead } from './series-check.ts'
import { readSigned } from './signatures.ts'
import { openTestLog } from './tamper.fixture.ts'

const newline = Buffer.from('\n')

test('every changed byte of 50 records is found, and its record named', async (t) => {
  const { bytes, lines, check } = await openRecords(t, 50)
  assert.equal(check(bytes).fault, undefined)
  let tries = 0
  for (const [index, line] of lines.entries()) {
    for (let at = line.offset; at <= line.offset + line.bytes.length; at += 1) {
      // A bit, what makes a line of two and one of two, and case.
      for (const value of new Set([(bytes[at] ?? 0) ^ 1, 0x0a, 0x20, (bytes[at] ?? 0) ^ 0x20])) {
        if (value === bytes[at]) continue
        tries += 1
        const fault = check(withByte(bytes, at, value)).fault
        assert.deepEqual(
          [fault?.what, fault?.seq],
          ['changed', index + 1],
          `byte ${at} as ${value}: ${fault?.detail}`,
        )
      }
    }
  }
  assert.ok(tries > 30_000, `${tries} bytes`)
})

test('every removal at the edges of 50 records is found, and the first of them named', async (t) => {
  const { lines, check } = await openRecords(t, 50)
  for (let from = 0; from < lines.length; from += 1) {
    for (let to = from + 1; to <= lines.length; to += 1) {
      const { fault } = check(joined(lines.toSpliced(from, to - from)))
      const what = to === lines.length ? 'truncated' : 'removed'
      assert.deepEqual(
        [fault?.what, fault?.seq, fault?.lastSeq],
        [what, from + 1, to],
        fault?.detail ?? 'nothing is found',
      )
    }
  }
})

test('every swap of two among 50 records is found, and the first of them named', async (t) => {
  const { lines, check } = await openRecords(t, 50)
  for (let one = 0; one < lines.length; one += 1) {
    for (let other = one + 1; other < lines.length; other += 1) {
      const [a, b] = [lines[one], lines[other]]
      assert.ok(a !== undefined && b !== undefined)
      const { fault } = check(joined(lines.with(one, b).with(other, a)))
      assert.deepEqual(
        [fault?.what, fault?.seq],
        ['reordered', one + 1],
        fault?.detail ?? 'nothing is found',
      )
    }
  }
})

test('every record that stands twice, and every line put in between, is found', async (t) => {
  const { lines, check } = await openRecords(t, 50)
  const stranger = {
    offset: 0,
    isWhole: true,
    bytes: Buffer.from('{"time":"2026-01-01T00:00:00.000Z","kind":"admin"}'),
  }
  for (const [index, line] of lines.entries()) {
    for (let at = index + 1; at <= lines.length; at += 1) {
      const { fault } = check(joined(lines.toSpliced(at, 0, line)))
      assert.deepEqual(
        [fault?.what, fault?.seq],
        ['repeated', index + 1],
        fault?.detail ?? 'nothing is found',
      )
    }
    const { fault } = check(joined(lines.toSpliced(index, 0, stranger)))
    assert.deepEqual(
      [fault?.what, fault?.seq],
      ['added', index + 1],
      fault?.detail ?? 'nothing is found',
    )
  }
})

// POSTERN_LONG_TESTS=1 asks for what takes a minute.
const changedBytes = process.env['POSTERN_LONG_TESTS'] === '1' ? 2_000 : 200

test(`${changedBytes} changed bytes among 10,000 records are found, and their records named`, async (t) => {
  const { bytes, lines, check } = await openRecords(t, 10_000)
  assert.equal(check(bytes).fault, undefined)
  const random = createRandom(20_261_129)
  for (let tries = 0; tries < changedBytes; tries += 1) {
    const at = Math.floor(random() * bytes.length)
    const value = ((bytes[at] ?? 0) + 1 + Math.floor(random() * 255)) % 256
    const { fault } = check(withByte(bytes, at, value))
    const seq = lines.findLastIndex(({ offset }) => offset <= at) + 1
    assert.deepEqual(
      [fault?.what, fault?.seq],
      ['changed', seq],
      `byte ${at} as ${value}: ${fault?.detail}`,
    )
  }
})

/** The bytes of one file of records, all of them signed, and its check. */
async function openRecords(t: TestContext, records: number) {
  const log = await openTestLog(t)
  // The first is that of the file.
  await log.write(records - 1)
  await log.checkpoints.sign()
  const [name = ''] = (await readdir(log.directory)).filter((it) => it.endsWith('.jsonl'))
  const bytes = await readFile(join(log.directory, name))
  const note = (await latestCheckpoint(log.directory)) ?? ''
  const texts = [{ file: 'checkpoint', text: note, isTrusted: true }]
  const signed = readSigned(texts, [log.verifierKey]).heads.get('decisions') ?? []
  assert.equal(signed[0]?.seq, records)
  const lines = splitLines(bytes, 0)
  assert.equal(lines.length, records)
  return { bytes, lines, check: (of: Buffer) => checkBytes(of, signed) }
}

function checkBytes(
  bytes: Buffer,
  signed: readonly SignedHead[],
): SeriesReport & { readonly fault: Fault | undefined } {
  const check = createSeriesCheck('decisions', signed, [])
  const lines = splitLines(bytes, 0)
  const end = lines.reduce((sum, line) => sum + line.bytes.length + 1, 0)
  if (end < bytes.length) lines.push({ bytes: bytes.subarray(end), offset: end, isWhole: false })
  for (const [index, line] of lines.entries())
    check.take({
      ...line,
      file: 'records',
      line: index + 1,
      mayBeIncomplete: index === lines.length - 1,
    })
  return check.end()
}

function withByte(bytes: Buffer, at: number, value: number): Buffer {
  const changed = Buffer.from(bytes)
  changed[at] = value
  return changed
}

function joined(lines: readonly { readonly bytes: Buffer }[]): Buffer {
  return Buffer.concat(lines.flatMap(({ bytes }) => [bytes, newline]))
}

/** Numbers from 0 to 1, the same in each run (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

import assert from 'node:assert/strict'

import { chainEntry, emptyChain, placeOf, type ChainHead } from '../../src/telemetry/audit/chain.ts'
import { splitLines } from '../../src/telemetry/audit/lines.ts'
import {
  createSeriesCheck,
  type SeriesReport,
} from '../../src/telemetry/audit/verify/series-check.ts'
import type { Target } from '../target.ts'

const time = '2026-01-01T00:00:00.000Z'
/** A chain of three records, and where it ended. */
const { bytes: written, head } = chainOf([
  '{"time":"@","event":"a"}',
  '{"time":"@","event":"b","n":1}',
  '{"time":"@","event":"c"}',
])

export const target: Target = {
  reads: 'audit files, which somebody may have changed',
  covers: [
    'telemetry/audit/chain.ts',
    'telemetry/audit/lines.ts',
    'telemetry/audit/verify/series-check.ts',
    'telemetry/audit/verify/classify.ts',
    'telemetry/audit/verify/missing.ts',
    'telemetry/audit/verify/renamed.ts',
    'telemetry/audit/verify/seen-line.ts',
    'telemetry/audit/own-entries.ts',
  ],
  maxBytes: 2_048,
  tokens: [
    '{"series":"people","seq":1,"prev":"',
    '{"series":"people","seq":4,"prev":"',
    '"event":"linesFound","lines":1}',
    '\n',
    head.hash,
    emptyChain.hash,
    '"time":"',
  ],
  run(input) {
    isJudged(input)
    const [at = 0, left = 0] = input
    // A change of a chain whose end is signed is found, whatever it is: so many bytes are gone, others are there.
    const start = at % (written.length + 1)
    const changed = Buffer.concat([
      written.subarray(0, start),
      input.subarray(2),
      written.subarray(start + (left % 200)),
    ])
    const report = isJudged(changed)
    if (changed.equals(written)) {
      assert.equal(report.fault, undefined)
      return 'unchanged'
    }
    const isTold = report.fault !== undefined || report.incompleteBytes > 0 || report.unchained > 0
    assert.ok(isTold, 'a change is not found')
    return report.fault?.what ?? (report.unchained > 0 ? 'unchained' : 'incomplete')
  },
}

function isJudged(bytes: Buffer): SeriesReport {
  const check = createSeriesCheck('people', [{ ...head, time }], [])
  const lines = splitLines(bytes, 0)
  const used = lines.reduce((sum, line) => sum + line.bytes.length + 1, 0)
  if (used < bytes.length) lines.push({ bytes: bytes.subarray(used), offset: used, isWhole: false })
  assert.equal(
    Buffer.concat(
      lines.flatMap((line) => [line.bytes, Buffer.from(line.isWhole ? '\n' : '')]),
    ).equals(bytes),
    true,
  )
  for (const [index, line] of lines.entries()) {
    const place = placeOf(line.bytes)
    if (place !== undefined) assert.ok(Number.isSafeInteger(place.seq) && place.seq > 0)
    check.take({
      bytes: line.bytes,
      isWhole: line.isWhole,
      file: 'people.log',
      line: index + 1,
      mayBeIncomplete: index === lines.length - 1,
    })
  }
  const report = check.end()
  assert.ok(report.records <= lines.length && report.signed <= head.seq)
  return report
}

function chainOf(entries: readonly string[]): { readonly bytes: Buffer; readonly head: ChainHead } {
  let end = emptyChain
  const lines = entries.map((entry) => {
    const { line, head } = chainEntry('people', end, entry.replace('@', time))
    end = head
    return `${line}\n`
  })
  return { bytes: Buffer.from(lines.join('')), head: end }
}

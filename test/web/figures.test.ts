import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SamplePointView } from '../../src/console/wire/samples.ts'
import {
  figures,
  highestOf,
  marksOf,
  toRows,
  totalOf,
} from '../../src/web/console/overview/figures.ts'

const mebibyte = 1024 ** 2

function point(measured: boolean, open: number, bytes: number): SamplePointView {
  return {
    at: '2026-11-29T04:00:00Z',
    measured,
    tunnels_open: open,
    sessions: 0,
    connectors: 0,
    tunnels_opened: 0,
    bytes_up: bytes,
    bytes_down: bytes,
    decisions: { allow: 0, deny: 0, sign_in: 0, client_certificate: 0 },
    sign_ins: { ok: 0, failed: 0 },
  }
}

function figureOf(title: string) {
  const figure = figures.find((one) => one.title === title)
  assert.ok(figure)
  return figure
}

test('what was not measured is a gap, and not nothing', () => {
  const rows = toRows(figureOf('Tunnels open'), [point(true, 0, 0), point(false, 0, 0)])
  assert.deepEqual(
    rows.map(({ open }) => open),
    [0, null],
  )
})

test('bytes add up, and of tunnels that are open the most at once is said', () => {
  const points = [point(true, 3, 10), point(true, 7, 5)]
  const [bytes, open] = [figureOf('Bytes'), figureOf('Tunnels open')]
  assert.deepEqual(
    bytes.series.map((series) => totalOf(bytes, series, points)),
    [15, 15],
  )
  assert.deepEqual(
    open.series.map((series) => totalOf(open, series, points)),
    [7],
  )
  assert.equal(highestOf(bytes, points), 20)
})

test('an axis has a few round marks from 0 to beyond the highest', () => {
  for (const unit of ['count', 'bytes'] as const) assert.deepEqual(marksOf(0, unit), [0, 1])
  assert.deepEqual(marksOf(3, 'count'), [0, 1, 2, 3])
  assert.deepEqual(marksOf(399, 'count'), [0, 100, 200, 300, 400])
  assert.deepEqual(
    marksOf(3.6 * mebibyte, 'bytes').map((mark) => mark / mebibyte),
    [0, 1, 2, 3, 4],
  )
  for (const highest of [1, 7, 999, 1024, 12_345, 1e9, 5e13]) {
    for (const unit of ['count', 'bytes'] as const) {
      const marks = marksOf(highest, unit)
      assert.ok((marks.at(-1) ?? 0) >= highest && marks.length <= 6, `${highest} ${unit}`)
    }
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseRange } from './byte-range.ts'

test('a range is read as RFC 9110 has it, and what is none is left out', () => {
  const cases = {
    'bytes=0-': { from: 0, to: 100 },
    'bytes=10-19': { from: 10, to: 20 },
    'bytes=10-1000': { from: 10, to: 100 },
    'bytes=-10': { from: 90, to: 100 },
    'bytes=-1000': { from: 0, to: 100 },
    'bytes=100-': 'beyond',
    'bytes=-0': 'beyond',
    'bytes=-': undefined,
    'bytes=5-4': undefined,
    'bytes=0-1,5-6': undefined,
    'lines=0-1': undefined,
    'bytes=1e1-': undefined,
    '': undefined,
  }
  for (const [field, range] of Object.entries(cases))
    assert.deepEqual(parseRange(field, 100), range, field)
  assert.equal(parseRange(undefined, 100), undefined)
  assert.equal(parseRange('bytes=0-', 0), 'beyond')
})

test('whatever is asked for, a range lies within the file and has a byte', () => {
  const field = fc.oneof(fc.string(), fc.stringMatching(/^bytes=\d{0,16}-\d{0,16}$/))
  fc.assert(
    fc.property(field, fc.nat(), (text, bytes) => {
      const range = parseRange(text, bytes)
      if (range === undefined || range === 'beyond') return
      assert.ok(range.from >= 0 && range.from < range.to && range.to <= bytes)
    }),
  )
})

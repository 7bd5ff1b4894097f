import assert from 'node:assert/strict'
import { test } from 'node:test'

import { median, percentile } from './statistics.ts'

test('the median is the middle value, or the mean of the two in the middle', () => {
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([4, 1, 3, 2]), 2.5)
  assert.equal(median([]), Number.NaN)
})

test('percentiles lie between the values around them', () => {
  const values = Array.from({ length: 101 }, (_, index) => 100 - index)
  assert.equal(percentile(values, 99), 99)
  assert.equal(percentile([0, 10], 25), 2.5)
})

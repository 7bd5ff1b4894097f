import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retryWaitMs } from './retry-wait.ts'

test('waits double from a second to a minute, and are between half of that and all of it', () => {
  const waits = (random: number) =>
    [1, 2, 3, 6, 7, 8, 5_000].map((it) => retryWaitMs(it, () => random))
  assert.deepEqual(waits(1), [1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000])
  assert.deepEqual(waits(0), [500, 1_000, 2_000, 16_000, 30_000, 30_000, 30_000])
})

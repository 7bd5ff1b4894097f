import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBackOff } from './back-off.ts'

test('waits grow to 5 s for the minute that a restart may take, and to 30 s then', () => {
  const backOff = createBackOff(() => 1)
  const waitsS = Array.from({ length: 20 }, () => backOff.next() / 1000)
  const inRestart = [1, 2, 4, ...Array<number>(11).fill(5)]
  assert.deepEqual(waitsS, [...inRestart, 10, 20, 30, 30, 30, 30])
  backOff.reset()
  assert.equal(backOff.next(), 1000)
})

test('each wait is any share of its bound', () => {
  const shares = [0, 0.25, 0.999]
  let asked = 0
  const backOff = createBackOff(() => shares[asked++] ?? 1)
  assert.deepEqual([backOff.next(), backOff.next(), backOff.next()], [0, 500, 3996])
})

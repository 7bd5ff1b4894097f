import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { limitSmallPieces } from './small-pieces.ts'

test('small pieces may come 256 in a row and 16 a second, and others as they like', () => {
  const clock = createFakeClock()
  const mayCome = limitSmallPieces(clock, 256)
  const inARow = (bytes: number): number => {
    let count = 0
    while (count < 1_000 && mayCome(bytes)) count += 1
    return count
  }
  assert.equal(inARow(256), 1_000)
  assert.equal(inARow(255), 256)
  clock.advance(2_000)
  assert.equal(inARow(1), 32)
  assert.equal(inARow(16_384), 1_000)
  clock.advance(3_600_000)
  assert.equal(inARow(1), 256)
})

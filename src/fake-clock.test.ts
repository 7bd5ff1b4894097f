import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from './fake-clock.ts'

test('callbacks run in order of their times, each at its own time', () => {
  const clock = createFakeClock(1000)
  const seen: [string, number][] = []
  clock.schedule(20, () => seen.push(['second', clock.now()]))
  clock.schedule(10, () => seen.push(['first', clock.now()]))
  clock.schedule(20, () => seen.push(['third', clock.now()]))
  clock.advance(30)
  assert.deepEqual(seen, [
    ['first', 1010],
    ['second', 1020],
    ['third', 1020],
  ])
  assert.equal(clock.now(), 1030)
})

test('a callback scheduled by a callback runs in the same advance when it falls due', () => {
  const clock = createFakeClock()
  let ticks = 0
  const tick = (): void => {
    ticks += 1
    clock.schedule(10, tick)
  }
  clock.schedule(10, tick)
  clock.advance(35)
  assert.equal(ticks, 3)
  assert.equal(clock.pending, 1)
})

test('a disposed callback never runs, and one that is not due waits', () => {
  const clock = createFakeClock()
  let called = false
  const cancelled = clock.schedule(5, () => (called = true))
  clock.schedule(50, () => (called = true))
  cancelled[Symbol.dispose]()
  clock.advance(49)
  assert.equal(called, false)
  clock.advance(1)
  assert.equal(called, true)
})

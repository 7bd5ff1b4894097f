import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock, type FakeClock } from '../../fake-clock.ts'
import { createStalledOrigins, maxStalledMs, type StreamLoad } from './stalled-origins.ts'

const windowBytes = 1024 * 1024

interface Rig {
  readonly clock: FakeClock
  readonly resets: string[]
  isFull: boolean
  watch(name: string): StreamLoad
}

function rig(): Rig {
  const clock = createFakeClock()
  const resets: string[] = []
  const stalled = createStalledOrigins(clock, () => made.isFull)
  const made: Rig = {
    clock,
    resets,
    isFull: true,
    watch: (name) => stalled.watch({ reset: () => void resets.push(name) }),
  }
  return made
}

test('the stream whose bytes were taken last is reset when others have waited for ten seconds', () => {
  const { clock, resets, watch } = rig()
  const [a, b, c] = [watch('a'), watch('b'), watch('c')]
  b.taken(windowBytes)
  a.taken(windowBytes)
  for (const load of [a, b, c]) load.waiting()
  clock.advance(maxStalledMs)
  assert.deepEqual(resets, [])
  clock.advance(1_500)
  assert.deepEqual(resets, ['a'])
})

test('the next one is reset soon after, if the window stays full', () => {
  const { clock, resets, watch } = rig()
  const [a, b, c] = [watch('a'), watch('b'), watch('c')]
  a.taken(windowBytes)
  b.taken(windowBytes)
  for (const load of [a, b, c]) load.waiting()
  clock.advance(maxStalledMs + 4_000)
  assert.deepEqual(resets, ['b', 'a'])
})

test('one that can hold little of the window is spared, and so is one whose service has just answered', () => {
  const { clock, resets, watch } = rig()
  const [deaf, small, talking] = [watch('deaf'), watch('small'), watch('talking')]
  talking.taken(windowBytes)
  deaf.taken(windowBytes - 16 * 1024)
  talking.taken(windowBytes)
  talking.heard()
  small.taken(4 * 1024)
  for (const load of [deaf, small, talking]) load.waiting()
  clock.advance(maxStalledMs + 1_500)
  assert.deepEqual(resets, ['deaf'])
})

test('nothing is reset while bytes are taken, while the window is open, or while nobody else waits', () => {
  const flowing = rig()
  const [a, b] = [flowing.watch('a'), flowing.watch('b')]
  b.waiting()
  for (let second = 0; second < 60; second += 1) {
    a.waiting()
    flowing.clock.advance(1_000)
    a.taken(windowBytes)
  }
  assert.deepEqual(flowing.resets, [])

  const open = rig()
  open.isFull = false
  open.watch('a').waiting()
  open.watch('b').taken(windowBytes)
  open.clock.advance(60_000)
  assert.deepEqual(open.resets, [])

  const alone = rig()
  const only = alone.watch('a')
  alone.watch('idle')
  only.taken(windowBytes)
  only.waiting()
  alone.clock.advance(60_000)
  assert.deepEqual(alone.resets, [])
})

test('a stream that comes to a full window waits its ten seconds', () => {
  const { clock, resets, watch } = rig()
  const a = watch('a')
  a.taken(windowBytes)
  a.waiting()
  clock.advance(60_000)
  watch('late').waiting()
  clock.advance(maxStalledMs - 1_000)
  assert.deepEqual(resets, [])
  clock.advance(2_000)
  assert.deepEqual(resets, ['a'])
})

test('a clock that is set ahead resets nobody', () => {
  const clock = createFakeClock()
  let aheadMs = 0
  const resets: string[] = []
  const wall = { schedule: clock.schedule, now: () => clock.now() + aheadMs }
  const stalled = createStalledOrigins(wall, () => true)
  const [a, b] = ['a', 'b'].map((name) => stalled.watch({ reset: () => void resets.push(name) }))
  a?.taken(windowBytes)
  a?.waiting()
  b?.waiting()
  clock.advance(2_000)
  aheadMs = 3_600_000
  clock.advance(maxStalledMs - 2_000)
  assert.deepEqual(resets, [])
  clock.advance(1_500)
  assert.deepEqual(resets, ['a'])
})

test('it costs no timer while no bytes wait', () => {
  const { clock, watch } = rig()
  const load = watch('a')
  assert.equal(clock.pending, 0)
  load.waiting()
  assert.equal(clock.pending, 1)
  load[Symbol.dispose]()
  clock.advance(2_000)
  assert.equal(clock.pending, 0)
})

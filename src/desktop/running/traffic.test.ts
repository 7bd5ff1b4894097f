import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Bytes, TrafficSample } from '../wire/view.ts'
import { createTraffic } from './traffic.ts'

test('bytes are told by second, from 0 where a connection was taken down and up again', () => {
  const told: TrafficSample[] = []
  const due: (() => void)[] = []
  let nowMs = 0
  const second = (): void => due.shift()?.()
  let bytes: Bytes = { up: 0, down: 0 }
  let isMoving = true
  const traffic = createTraffic({
    clock: {
      now: () => nowMs,
      schedule(delayMs, callback) {
        due.push(() => {
          nowMs += delayMs
          callback()
        })
        return { [Symbol.dispose]: () => undefined }
      },
    },
    counts: () => new Map([['c', bytes]]),
    isMoving: () => isMoving,
    onSamples: ({ c }) => told.push(...(c === undefined ? [] : [c])),
  })
  traffic.wake()
  bytes = { up: 100, down: 1_000 }
  second()
  bytes = { up: 150, down: 1_000 }
  second()
  second()
  bytes = { up: 5, down: 2_000 }
  isMoving = false
  second()
  assert.equal(due.length, 0, 'nothing moves: nobody looks')
  assert.deepEqual(told, [
    { second: 1, up: 100, down: 1_000 },
    { second: 2, up: 50, down: 0 },
    { second: 4, up: 5, down: 2_000 },
  ])
  assert.deepEqual(traffic.of('c'), told)
})

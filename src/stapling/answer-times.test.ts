import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { askAgainAfterMs, askAgainAtMs, lateFromMs } from './answer-times.ts'

const [minuteMs, hourMs] = [60_000, 3_600_000]

test('an answer is asked for again at about half of its life', () => {
  const answer = { fromMs: 0, untilMs: 10 * hourMs }
  assert.deepEqual(
    [0, 0.5, 1].map((chance) => askAgainAtMs(answer, minuteMs, chance) / hourMs),
    [4.5, 5, 5.5],
  )
})

test('one that was old as it came is asked for again at half of what is left', () => {
  assert.equal(askAgainAtMs({ fromMs: 0, untilMs: 10 * hourMs }, 6 * hourMs, 0.5), 8 * hourMs)
})

test('never within a minute, and at the latest after about twelve hours', () => {
  const [life, fetched] = [
    fc.integer({ min: 1, max: 1e10 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
  ]
  fc.assert(
    fc.property(life, fetched, fetched, (lifeMs, share, chance) => {
      const fetchedAtMs = lifeMs * share
      const afterMs =
        askAgainAtMs({ fromMs: 0, untilMs: lifeMs }, fetchedAtMs, chance) - fetchedAtMs
      assert.ok(afterMs >= minuteMs - 1 && afterMs <= 13.2 * hourMs + 1, String(afterMs))
    }),
  )
})

test('in the last quarter of its life it is late', () => {
  assert.equal(lateFromMs({ fromMs: 1_000, untilMs: 5_000 }), 4_000)
})

test('waits grow with failures in a row, and no further than an hour', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6, 7, 100].map((failures) => askAgainAfterMs(failures) / minuteMs),
    [1, 1, 2, 5, 15, 30, 60, 60, 60],
  )
})

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createIdleLimit } from './idle-limit.ts'

const dayMs = 24 * 60 * 60_000

test('a limit of two months, which is more than one timer can wait, is kept', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const limit = createIdleLimit(60 * dayMs)
  limit.watch(() => undefined)
  pass(t, 59)
  assert.equal(limit.isMet, false)
  limit.touch()
  pass(t, 59)
  assert.equal(limit.isMet, false, 'a byte has passed')
  pass(t, 2)
  assert.equal(limit.isMet, true)
})

test('a limit that was stopped is met no more, whatever comes', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const limit = createIdleLimit(60 * dayMs)
  limit.watch(() => undefined)
  limit.stop()
  limit.touch()
  limit.change(1)
  pass(t, 61)
  assert.equal(limit.isMet, false)
})

/** Day by day: a timer that is set within a tick counts from the end of it. */
function pass(t: TestContext, days: number): void {
  for (let day = 0; day < days; day += 1) t.mock.timers.tick(dayMs)
}

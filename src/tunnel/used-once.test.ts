import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { createUsedOnce } from './used-once.ts'

/** As docs/limits.md says it. */
const maxRemembered = 150_000

describe('names that are used once', () => {
  test('are taken once each, until nobody could come with them any more', () => {
    const clock = createFakeClock(1_000)
    const used = createUsedOnce(clock)
    assert.equal(used.take('a', 2_000), true)
    assert.equal(used.take('b', 2_000), true)
    clock.advance(999)
    assert.equal(used.take('a', 3_000), false)
    clock.advance(1)
    assert.equal(used.take('a', 3_000), true)
    assert.equal(used.take('a', 3_000), false)
  })

  test('a name that was refused is remembered no longer than it was', () => {
    const clock = createFakeClock(1_000)
    const used = createUsedOnce(clock)
    used.take('a', 2_000)
    used.take('a', 9_000)
    clock.advance(1_000)
    assert.equal(used.take('a', 3_000), true)
  })

  test('are all remembered up to the bound, and beyond it none is taken until some are over', () => {
    const clock = createFakeClock(1_000)
    const used = createUsedOnce(clock)
    assert.equal(used.take('first', 2_000), true)
    for (let at = 1; at < maxRemembered; at += 1) used.take(String(at), 3_000)
    assert.throws(() => used.take('one more', 3_000), {
      name: 'PeerError',
      code: 'busy',
      message: 'more grants came than can be remembered',
    })
    assert.equal(used.take('first', 3_000), false)
    clock.advance(1_000)
    assert.equal(used.take('one more', 3_000), true)
    assert.throws(() => used.take('two more', 3_000), { code: 'busy' })
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import { createUnconfirmed } from './unconfirmed.ts'

/** A clock that can be set, whose timers go by the time that passes. */
function settableClock() {
  const due: (() => void)[] = []
  let nowMs = Date.parse('2026-11-29T14:00:00Z')
  const clock: Clock = {
    now: () => nowMs,
    schedule(_delayMs, callback) {
      due.push(callback)
      return { [Symbol.dispose]: () => assert.fail('nothing is cancelled here') }
    },
  }
  return {
    clock,
    set: (change: number) => (nowMs += change),
    fire: () => due.splice(0).forEach((callback) => callback()),
  }
}

test(
  'what was sent counts as taken in its time although the clock was set back',
  { timeout: 20_000 },
  async () => {
    const { clock, set, fire } = settableClock()
    const rowKeys = ['no such connection']
    const onStalled = (): never => assert.fail('is not stalled')
    const unconfirmed = createUnconfirmed({ clock, rowKeys, onStalled })
    const seen = { isTaken: false }
    void unconfirmed.add(10).then(() => (seen.isTaken = true))
    set(-3_600_000)
    while (!seen.isTaken) {
      fire()
      await nextTurn()
    }
  },
)

import type { TimerClock } from './clock.ts'

/** A clock that stands still until a test moves it. */
export interface FakeClock extends TimerClock {
  /**
   * Moves the time forward and calls back, in order of their times, everything that falls due on
   * the way, also what those callbacks schedule themselves. `now()` is each one's own time meanwhile.
   */
  advance(durationMs: number): void
  /** How many callbacks wait, so that a test can say that nothing was left behind. */
  readonly pending: number
}

interface Waiting {
  readonly dueMs: number
  readonly callback: () => void
}

/** Makes a clock for tests that starts at `startMs`, milliseconds since the epoch. */
export function createFakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  const waiting = new Set<Waiting>()
  let nowMs = startMs
  return {
    now: () => nowMs,
    schedule(delayMs, callback) {
      const entry = { dueMs: nowMs + Math.max(delayMs, 0), callback }
      waiting.add(entry)
      return { [Symbol.dispose]: () => void waiting.delete(entry) }
    },
    timer(delayMs, callback) {
      let waits = this.schedule(delayMs, callback)
      return {
        refresh: () => {
          waits[Symbol.dispose]()
          waits = this.schedule(delayMs, callback)
        },
        [Symbol.dispose]: () => waits[Symbol.dispose](),
      }
    },
    advance(durationMs) {
      const endMs = nowMs + durationMs
      for (let next = earliest(waiting, endMs); next; next = earliest(waiting, endMs)) {
        waiting.delete(next)
        nowMs = next.dueMs
        next.callback()
      }
      nowMs = endMs
    },
    get pending() {
      return waiting.size
    },
  }
}

/** A set keeps the order of insertion, so of two due at once the one scheduled first comes first. */
function earliest(waiting: ReadonlySet<Waiting>, endMs: number): Waiting | undefined {
  let found: Waiting | undefined
  for (const entry of waiting) {
    if (entry.dueMs <= endMs && entry.dueMs < (found?.dueMs ?? Infinity)) found = entry
  }
  return found
}

import type { Clock } from '../../clock.ts'

/** The waits of several connections between their attempts. */
export interface Waits {
  /** How often `endFailures` was called: an attempt that began before says nothing of what is now. */
  readonly recoveries: number
  /** Resolves after `waitMs`, or when `signal` is aborted. */
  pause(waitMs: number, signal: AbortSignal): Promise<void>
  /** The same after an attempt that failed: `endFailures` ends it as well. */
  pauseAfterFailure(waitMs: number, signal: AbortSignal): Promise<void>
  /** What made attempts fail is over. */
  endFailures(): void
}

export function createWaits(clock: Clock): Waits {
  const failures = new Set<() => void>()
  let recoveries = 0

  function pause(waitMs: number, signal: AbortSignal, among?: Set<() => void>): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer[Symbol.dispose]()
        signal.removeEventListener('abort', done)
        among?.delete(done)
        resolve()
      }
      const timer = clock.schedule(waitMs, done)
      among?.add(done)
      if (signal.aborted) done()
      else signal.addEventListener('abort', done)
    })
  }

  return {
    get recoveries() {
      return recoveries
    },
    pause: (waitMs, signal) => pause(waitMs, signal),
    pauseAfterFailure: (waitMs, signal) => pause(waitMs, signal, failures),
    endFailures() {
      recoveries += 1
      for (const end of failures) end()
    },
  }
}

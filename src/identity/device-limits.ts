import type { Clock } from '../clock.ts'

/** Counts what one somebody does within a window of time. */
export interface RateLimit {
  /** Whether as much as is allowed has been counted in the window that is open. */
  isReached(key: string): boolean
  count(key: string): void
}

export interface RateLimitOptions {
  readonly maxEvents: number
  readonly windowMs: number
  /** Of more keys than this the oldest is forgotten, so that nobody outside can make memory grow. */
  readonly maxKeys: number
  readonly clock: Clock
}

/** Makes a limit of `maxEvents` a window for each key. A window begins with its first event. */
export function createRateLimit(options: RateLimitOptions): RateLimit {
  const { maxEvents, windowMs, maxKeys, clock } = options
  // In order of insertion, which is the order of their ends.
  const windows = new Map<string, { events: number; readonly endsAtMs: number }>()
  const open = (key: string) => {
    const window = windows.get(key)
    return window !== undefined && window.endsAtMs > clock.now() ? window : undefined
  }
  const makeRoom = (): void => {
    for (const [oldest, { endsAtMs }] of windows) {
      if (endsAtMs > clock.now() && windows.size < maxKeys) break
      windows.delete(oldest)
    }
  }
  return {
    isReached: (key) => (open(key)?.events ?? 0) >= maxEvents,
    count(key) {
      const window = open(key)
      if (window !== undefined) {
        window.events += 1
        return
      }
      windows.delete(key)
      makeRoom()
      windows.set(key, { events: 1, endsAtMs: clock.now() + windowMs })
    },
  }
}

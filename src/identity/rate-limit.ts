import type { Clock } from '../clock.ts'
import { AccessError } from '../errors.ts'

/** Counts what one somebody does within a window of time. */
export interface RateLimit {
  /** Whether as much as is allowed has been counted in the window that is open. */
  isReached(key: string): boolean
  count(key: string): void
  /** Takes back one that was counted in the window that is open. */
  giveBack(key: string): void
  /** When the window that is open ends, in whole seconds from now, at least one. */
  retryAfterSeconds(key: string): number
}

/** Somebody asks more often than anybody may. */
export class LimitedError extends AccessError {
  readonly limit: LimitedCode
  readonly retryAfterSeconds: number

  constructor(limit: LimitedCode, message: string, hint: string, retryAfterSeconds: number) {
    super(limit, message, { hint })
    this.limit = limit
    this.retryAfterSeconds = retryAfterSeconds
  }
}

export type LimitedCode =
  | 'too-many-sign-ins'
  | 'too-many-failed-sign-ins'
  | 'too-many-device-codes'
  | 'too-many-wrong-codes'

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
    giveBack(key) {
      const window = open(key)
      if (window !== undefined && window.events > 0) window.events -= 1
    },
    retryAfterSeconds: (key) => secondsUntil(open(key)?.endsAtMs ?? 0, clock.now()),
  }
}

/** For `Retry-After`: whole seconds, at least one. */
export function secondsUntil(atMs: number, nowMs: number): number {
  return Math.max(1, Math.ceil((atMs - nowMs) / 1000))
}

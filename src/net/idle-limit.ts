import { systemClock, type Timer, type TimerClock } from '../clock.ts'
import { onceHeard } from './runtime.ts'

/** How long a tunnel may be without a byte. It may change while the tunnel is open. */
export interface IdleLimit {
  /** Whether it was met: the watcher has been called back. */
  readonly isMet: boolean
  /** Calls back after so long without `touch`; one watcher at a time. */
  watch(onIdle: () => void): void
  /** A byte has passed. */
  touch(): void
  /** Another limit, in milliseconds, 0 for none; silence is counted from now on. */
  change(timeoutMs: number): void
  /** Calls back no more. */
  stop(): void
}

/**
 * `setTimeout` fires at once beyond 2^31 milliseconds, some 24 days.
 *
 * @limit none: longer waits are made of several
 */
const maxTimeoutMs = 2 ** 31 - 1

/** Makes a limit in milliseconds; 0 for none. */
export function createIdleLimit(
  timeoutMs: number,
  clock: Pick<TimerClock, 'timer'> = systemClock,
): IdleLimit {
  let currentMs = timeoutMs
  let onIdle: (() => void) | undefined
  let timer: Timer | undefined
  let forgetMeeting: (() => void) | undefined
  /** How long to wait once the timer fires: the part of a limit that one timer cannot hold. */
  let restMs = 0
  let isMet = false
  const meet = (): void => {
    isMet = true
    onIdle?.()
  }
  const due = (): void => {
    if (restMs > 0) return waitFor(restMs)
    // A process that stood still for a while first hears of the bytes that have come meanwhile.
    forgetMeeting = onceHeard(meet)
  }
  const waitFor = (silenceMs: number): void => {
    const firstMs = Math.min(silenceMs, maxTimeoutMs)
    restMs = silenceMs - firstMs
    timer = clock.timer(firstMs, due)
  }
  const arm = (): void => {
    timer?.[Symbol.dispose]()
    forgetMeeting?.()
    timer = undefined
    if (onIdle !== undefined && currentMs > 0) waitFor(currentMs)
  }
  return {
    get isMet() {
      return isMet
    },
    watch(callback) {
      onIdle = callback
      arm()
    },
    touch() {
      forgetMeeting?.()
      // The timer may be waiting for the last part of the limit: to refresh it would wait for that part alone.
      if (currentMs > maxTimeoutMs) arm()
      else timer?.refresh()
    },
    change(nextMs) {
      if (nextMs === currentMs) return
      currentMs = nextMs
      arm()
    },
    stop() {
      onIdle = undefined
      arm()
    },
  }
}

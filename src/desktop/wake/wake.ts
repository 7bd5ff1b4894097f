import { systemClock, type Clock } from '../../clock.ts'
import { networkPrint } from './network-print.ts'

export interface WatchWakeOptions {
  /** The machine slept, or this process was stopped, for so long. */
  readonly onWake: (sleptMs: number) => void
  /** The machine's network is another. Not told besides where that is found as it wakes. */
  readonly onNetwork: () => void
  readonly clock?: Clock
  /** A clock that nobody sets; it may stand still while the machine sleeps. */
  readonly monotonicMs?: () => number
  /** Tells networks apart. */
  readonly network?: () => string
}

/** How often is looked, in milliseconds: what happened is noticed within so long. */
export const lookIntervalMs = 2_000
/** A look that comes so much too late tells of a sleep, in milliseconds; a busy machine is late by less. */
export const shortestSleepMs = 5_000

/**
 * Watches for the two things after which what is known of gateways may be wrong. A timer stands still while the machine
 * sleeps, and the wall clock goes on; while this process alone is stopped, both clocks go on and no timer fires.
 */
export function watchWake(options: WatchWakeOptions): Disposable {
  const { onWake, onNetwork, clock = systemClock, network = networkPrint } = options
  const { monotonicMs = () => performance.now() } = options
  let seen = network()
  let timer = arm()

  function arm(): Disposable {
    const [wallMs, steadyMs] = [clock.now(), monotonicMs()]
    return clock.schedule(lookIntervalMs, () => {
      const elapsedMs = Math.max(clock.now() - wallMs, monotonicMs() - steadyMs)
      timer = arm()
      look(elapsedMs - lookIntervalMs)
    })
  }

  function look(lateMs: number): void {
    const now = network()
    const isOther = now !== seen
    seen = now
    if (lateMs >= shortestSleepMs) onWake(lateMs)
    else if (isOther) onNetwork()
  }

  return { [Symbol.dispose]: () => timer[Symbol.dispose]() }
}

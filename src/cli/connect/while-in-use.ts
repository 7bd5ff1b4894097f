import { setTimeout as wait } from 'node:timers/promises'
import type { LocalRoute } from './local-route.ts'

/** Between two looks, in milliseconds. */
const lookEveryMs = 50
/**
 * How long connections may be silent after their program has ended, in milliseconds.
 *
 * @limit silence of a connection after the program of "postern connect" or "postern run" has ended: it is cut
 */
const silentMs = 2_000

/**
 * Waits until all that a program has sent before its end has arrived: until no connection is open any more, or none has
 * moved a byte for a while. Answers how many are still open: of programs that it has left in the background.
 */
export async function untilDrained(
  routes: readonly Pick<LocalRoute, 'live' | 'passedBytes'>[],
  signal: AbortSignal,
): Promise<number> {
  const sum = (count: (route: Pick<LocalRoute, 'live' | 'passedBytes'>) => number): number =>
    routes.reduce((total, route) => total + count(route), 0)
  const live = (): number => sum((route) => route.live())
  let before = sum((route) => route.passedBytes())
  for (let silent = 0; silent < silentMs && live() > 0; silent += lookEveryMs) {
    await wait(lookEveryMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) break
    const now = sum((route) => route.passedBytes())
    if (now !== before) silent = 0
    before = now
  }
  return live()
}

/**
 * How long a desktop may go without a connection before its tunnel ends, in milliseconds: it connects anew after asking
 * for a password.
 *
 * @limit time without a connection after which the tunnel of a desktop that another program opened ends: it is opened again by the same command
 */
const betweenMs = 5 * 60_000

/** Waits until a program that runs on its own has used a route and left it. */
export async function untilLeft(
  route: Pick<LocalRoute, 'live'>,
  signal: AbortSignal,
): Promise<void> {
  for (let idle = 0; idle < betweenMs && !signal.aborted; idle += lookEveryMs * 10) {
    await wait(lookEveryMs * 10, undefined, { signal }).catch(() => undefined)
    if (route.live() > 0) idle = 0
  }
}

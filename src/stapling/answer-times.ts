/** From when until when an answer holds, in milliseconds since the epoch. */
export interface Held {
  readonly fromMs: number
  readonly untilMs: number
}

/** An answer is asked for again at about half of its life: by so much of that sooner or later. */
const jitter = 0.1

/** An answer that has less than this left is late. */
const lateAtLeft = 1 / 4

/** Soonest and latest time after an answer was fetched, in milliseconds: so soon a revocation is known. */
const [soonestMs, latestMs] = [60_000, 43_200_000]

/**
 * When to ask again. `chance`: from 0 to 1, so that many certificates, and several gateways, do not ask at one time.
 */
export function askAgainAtMs(
  { fromMs, untilMs }: Held,
  fetchedAtMs: number,
  chance: number,
): number {
  const around = (middleMs: number, beginMs: number): number =>
    middleMs + (middleMs - beginMs) * jitter * (chance * 2 - 1)
  const half = around(fromMs + (untilMs - fromMs) / 2, fromMs)
  // A responder may hand out the same answer for days.
  const atMs = half > fetchedAtMs ? half : around((fetchedAtMs + untilMs) / 2, fetchedAtMs)
  return Math.min(
    Math.max(atMs, fetchedAtMs + soonestMs),
    around(fetchedAtMs + latestMs, fetchedAtMs),
  )
}

/** From when on somebody has to look why there is no newer one. */
export function lateFromMs({ fromMs, untilMs }: Held): number {
  return untilMs - (untilMs - fromMs) * lateAtLeft
}

/** Waits after failures in a row, in minutes; the last one repeats. */
const waitsMinutes = [1, 2, 5, 15, 30, 60]

/** How long to wait after so many failures in a row, in milliseconds. */
export function askAgainAfterMs(failures: number): number {
  const at = Math.min(Math.max(failures, 1), waitsMinutes.length) - 1
  return (waitsMinutes[at] ?? 0) * 60_000
}

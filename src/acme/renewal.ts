import { parseChain } from '../net/pem.ts'

/** From when until when a certificate holds, in milliseconds since the epoch. */
export interface Validity {
  readonly fromMs: number
  readonly untilMs: number
}

/** A certificate is renewed when this much of its life is left. */
const renewedAtLeft = 0.4
/** A renewal that has not worked by then is said aloud. */
const lateAtLeft = 1 / 3

/** That of the leaf of a chain in PEM; undefined where it cannot be read. */
export function validityOf(chain: string): Validity | undefined {
  const leaf = parseChain(chain)?.[0]
  return leaf && { fromMs: leaf.validFromDate.getTime(), untilMs: leaf.validToDate.getTime() }
}

/** When it is to be renewed. */
export function renewalDueMs({ fromMs, untilMs }: Validity): number {
  return untilMs - (untilMs - fromMs) * renewedAtLeft
}

/** From when on a renewal that still fails is late. */
export function lateAtMs({ fromMs, untilMs }: Validity): number {
  return untilMs - (untilMs - fromMs) * lateAtLeft
}

/**
 * Waits after failures in a row, in minutes; the last one repeats. Authorities count failures: Let's Encrypt lets an
 * account fail five times an hour for one name.
 */
const waitsMinutes = [1, 5, 15, 30, 60, 120, 240, 360]

/** How long to wait after so many failures in a row, in milliseconds. */
export function retryAfterMs(failures: number): number {
  const at = Math.min(Math.max(failures, 1), waitsMinutes.length) - 1
  return (waitsMinutes[at] ?? 0) * 60_000
}

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

/**
 * Waits for a certificate in the place of one that was revoked, by how many of its name were revoked lately before, in
 * hours; the last one repeats. An authority that revokes whatever it gives is not asked on and on: Let's Encrypt gives five
 * certificates of one name in a week.
 */
const revokedWaitsHours = [0, 1, 24, 48]
/** After that long the next one that is revoked is the first again, in milliseconds. */
const latelyMs = 604_800_000

/** When certificates of one name were revoked. */
export interface Revocations {
  /** Of those lately. */
  readonly count: number
  /** Of the last one, in milliseconds since the epoch. */
  readonly atMs: number
}

/** One more. */
export function countRevocation(before: Revocations | undefined, nowMs: number): Revocations {
  const isLately = before !== undefined && nowMs - before.atMs < latelyMs
  return { count: isLately ? before.count + 1 : 1, atMs: nowMs }
}

/** From when on another certificate is asked for. */
export function replacedFromMs({ count, atMs }: Revocations): number {
  const at = Math.min(Math.max(count, 1), revokedWaitsHours.length) - 1
  return atMs + (revokedWaitsHours[at] ?? 0) * 3_600_000
}

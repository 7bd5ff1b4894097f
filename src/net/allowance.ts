import type { Clock } from '../clock.ts'

export interface AllowanceOptions {
  /** So many at once. */
  readonly inARow: number
  /** And so many more each second. */
  readonly perSecond: number
}

/** Asked before each of them; false where it is one too many. */
export function createAllowance(
  clock: Pick<Clock, 'now'>,
  { inARow, perSecond }: AllowanceOptions,
): () => boolean {
  let left = inARow
  let sinceMs = clock.now()
  return () => {
    const nowMs = clock.now()
    left = Math.min(inARow, left + (Math.max(0, nowMs - sinceMs) / 1000) * perSecond)
    sinceMs = nowMs
    if (left < 1) return false
    left -= 1
    return true
  }
}

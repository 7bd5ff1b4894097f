import type { Clock } from './clock.ts'

/** Holds log lines to a bounded number a minute, so that nobody outside can fill a log. */
export interface LineLimit {
  /** Whether one more line may be written now; one that may not is counted. */
  admits(): boolean
}

const windowMs = 60_000

/**
 * Admits `maxLinesPerMinute` in the minute that begins with the first; at its end `leftOut` is told how
 * many more there were, if there were any.
 */
export function createLineLimit(
  clock: Clock,
  maxLinesPerMinute: number,
  leftOut: (lines: number) => void,
): LineLimit {
  let lines = 0
  const endWindow = (): void => {
    const surplus = lines - maxLinesPerMinute
    lines = 0
    if (surplus > 0) leftOut(surplus)
  }
  return {
    admits() {
      if (lines === 0) clock.schedule(windowMs, endWindow)
      lines += 1
      return lines <= maxLinesPerMinute
    },
  }
}

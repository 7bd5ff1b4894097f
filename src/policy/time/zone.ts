export const dayMs = 86_400_000

/**
 * How far ahead a change is looked for, in days. A window that is ever open or shut changes within
 * seven, and within fourteen where a zone once skipped a whole day (Samoa, 30 December 2011).
 *
 * @limit none: how far ahead a change is looked for
 */
const maxDaysAhead = 16

/** Clocks on the wall of one place. */
export interface Zone {
  /** As configured, such as `Europe/Berlin`. */
  readonly name: string
  /**
   * What those clocks show at a moment (milliseconds since the epoch), as the moment at which clocks
   * in UTC show the same.
   */
  wallMs(atMs: number): number
}

/** A yes or no about what clocks on the wall show; it changes at `boundariesMs` (after midnight) only. */
export interface WallWindow {
  readonly boundariesMs: readonly number[]
  holds(wallMs: number): boolean
}

/** The zone of an IANA name (`Europe/Berlin`, `UTC`) or offset (`+05:30`); undefined for no zone. */
export function parseZone(name: string): Zone | undefined {
  const format = wallFormat(name)
  if (format === undefined) return undefined
  return {
    name,
    wallMs(atMs) {
      const shown = new Map<string, string>()
      for (const { type, value } of format.formatToParts(atMs)) shown.set(type, value)
      const [year, month, day, hour, minute, second] = fields.map((type) => Number(shown.get(type)))
      const wholeSeconds = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second)
      return wholeSeconds + modulo(atMs, 1000)
    },
  }
}

/**
 * The next moment after `nowMs` at which a window opens or shuts, on the millisecond and across
 * daylight saving changes, both in milliseconds since the epoch; undefined when it never does.
 */
export function nextChangeMs(zone: Zone, window: WallWindow, nowMs: number): number | undefined {
  const now = window.holds(zone.wallMs(nowMs))
  let startMs = nowMs
  while (startMs < nowMs + maxDaysAhead * dayMs) {
    const offsetMs = zone.wallMs(startMs) - startMs
    const endMs = endOfOffset(zone, startMs, offsetMs)
    const change = boundariesBetween(window, startMs + offsetMs, endMs + offsetMs).find(
      (wallMs) => window.holds(wallMs) !== now,
    )
    if (change !== undefined) return change - offsetMs
    if (window.holds(zone.wallMs(endMs)) !== now) return endMs
    startMs = endMs
  }
  return undefined
}

const fields = ['year', 'month', 'day', 'hour', 'minute', 'second'] as const

function wallFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    return undefined
  }
}

/**
 * The first moment after `startMs` at which the zone's offset is another one, at most a day ahead. No
 * zone has changed its offset twice in one day, so halving finds the change.
 */
function endOfOffset(zone: Zone, startMs: number, offsetMs: number): number {
  const isSame = (atMs: number): boolean => zone.wallMs(atMs) - atMs === offsetMs
  let sameMs = startMs
  let endMs = startMs + dayMs
  if (isSame(endMs)) return endMs
  while (endMs - sameMs > 1) {
    const middleMs = Math.floor((sameMs + endMs) / 2)
    if (isSame(middleMs)) sameMs = middleMs
    else endMs = middleMs
  }
  return endMs
}

/** Boundaries after `startMs` and before `endMs`, at most a day apart, in order. */
function boundariesBetween(window: WallWindow, startMs: number, endMs: number): readonly number[] {
  return window.boundariesMs
    .map((boundaryMs) => startMs + dayMs - modulo(startMs - boundaryMs, dayMs))
    .filter((wallMs) => wallMs < endMs)
    .sort((one, other) => one - other)
}

/** The remainder of a division, never negative. */
export function modulo(dividend: number, divisor: number): number {
  return ((dividend % divisor) + divisor) % divisor
}

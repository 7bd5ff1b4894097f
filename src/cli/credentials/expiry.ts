import { parseDuration } from '../../clock.ts'
import { parseMoment } from '../../policy/time/texts.ts'

const dayMs = 86_400_000
/** The year 9999: later ones have no RFC 3339 form. */
const maxMs = Date.UTC(9999, 11, 31)

/**
 * Reads when something expires: a duration from now (`90d`, `12h`), a date (its first moment in UTC), a
 * date and time with an offset, or `never`, which is null. Undefined when it is none of these.
 */
export function parseExpiry(text: string, nowMs: number): Date | null | undefined {
  if (text === 'never') return null
  const durationMs = parseDays(text)
  const atMs = durationMs === undefined ? parseMoment(text) : nowMs + durationMs
  return atMs === undefined || atMs > maxMs ? undefined : new Date(atMs)
}

/** A duration in milliseconds, as Go writes it or in whole days (`90d`); undefined when it is none. */
export function parseDays(text: string): number | undefined {
  const [, days] = /^(\d{1,7})d$/.exec(text) ?? []
  return days === undefined ? parseDuration(text) : Number(days) * dayMs
}

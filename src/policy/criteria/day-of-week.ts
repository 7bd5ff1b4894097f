import { didYouMean } from '../../spelling.ts'
import { isObject, kindOf, type Place } from '../place.ts'
import { parseFields, parseTimezone } from '../time/data.ts'
import { dayMs, modulo, nextChangeMs, type WallWindow } from '../time/zone.ts'
import { quoted, wallClock } from './words.ts'
import { aboutTime, answer, type Criterion } from './criterion.ts'

/** From the one that 1 January 1970 was. */
const dayNames = ['thursday', 'friday', 'saturday', 'sunday', 'monday', 'tuesday', 'wednesday']

/** `day_of_week: mon-fri` — in UTC, or where `{ days: mon-fri, timezone: Europe/Berlin }` says. */
export const dayOfWeek: Criterion = {
  name: 'day_of_week',
  data: '`*`, `mon,wed`, `mon-fri` (in UTC), or `{days, timezone}`',
  doc: 'holds on these days of the week; names have three letters or are whole; a range may run over the weekend',
  reasons: ['day-of-week-ok', 'day-of-week-unauthorized'],
  words: {
    found: ({ nowMs }, _, data) => {
      const { timezone = 'UTC' } = isObject(data) ? data : {}
      return `${wallClock(nowMs, timezone, { weekday: 'long' })} in ${String(timezone)}`
    },
    wanted: (data) => {
      const { days, timezone = 'UTC' } = isObject(data) ? data : { days: data }
      return `a day of ${quoted(days)} in ${String(timezone)}`
    },
  },
  parse(data, place) {
    const fields = isObject(data)
      ? parseFields(data, ['days', 'timezone'], place)
      : { days: data, timezone: undefined }
    if (fields === undefined) return undefined
    const days = parseDays(fields.days, isObject(data) ? place.at('days') : place)
    const zone = parseTimezone(fields.timezone ?? 'UTC', place.at('timezone'))
    if (days === undefined || zone === undefined) return undefined
    const window: WallWindow = {
      boundariesMs: [0],
      holds: (wallMs) => days.has(modulo(Math.floor(wallMs / dayMs), 7)),
    }
    return aboutTime(
      (nowMs) =>
        answer(window.holds(zone.wallMs(nowMs)), 'day-of-week-ok', 'day-of-week-unauthorized'),
      (nowMs) => (days.size === 7 ? undefined : nextChangeMs(zone, window, nowMs)),
    )
  },
}

function parseDays(data: unknown, place: Place): ReadonlySet<number> | undefined {
  if (typeof data !== 'string') {
    return place.problem(`must be days such as "mon-fri", not ${kindOf(data)}`)
  }
  const parts = data.split(',').map((part) => parseDayRange(part.trim(), place))
  return parts.every((days) => days !== undefined) ? new Set(parts.flat()) : undefined
}

function parseDayRange(text: string, place: Place): readonly number[] | undefined {
  if (text === '*') return [0, 1, 2, 3, 4, 5, 6]
  const ends = text.split('-').map((name) => parseDay(name.trim(), place))
  const [first, last = first, ...more] = ends
  if (first === undefined || last === undefined || ends.includes(undefined)) return undefined
  if (more.length > 0) return place.problem(`must be one day or two with a "-", not "${text}"`)
  return Array.from({ length: modulo(last - first, 7) + 1 }, (_, index) => (first + index) % 7)
}

function parseDay(text: string, place: Place): number | undefined {
  const name = text.toLowerCase()
  const day = dayNames.findIndex((whole) => name === whole || name === whole.slice(0, 3))
  if (day !== -1) return day
  return place.problem(
    `must be a day of the week such as "mon" or "monday", not "${text}"`,
    didYouMean(text, [...dayNames, ...dayNames.map((whole) => whole.slice(0, 3))]),
  )
}

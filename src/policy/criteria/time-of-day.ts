import { isObject, type Place } from '../place.ts'
import { parseBound, parseFields, parseTimezone } from '../time/data.ts'
import { parseTimeOfDay } from '../time/texts.ts'
import { dayMs, modulo, nextChangeMs, type WallWindow } from '../time/zone.ts'
import { between, wallClock } from './words.ts'
import { aboutTime, answer, type Criterion } from './criterion.ts'

/**
 * `time_of_day: { timezone: Europe/Berlin, after: 9 AM, before: "17:30" }` — by the clocks on the wall
 * there: an hour that they show twice counts twice, one that they skip does not count.
 */
export const timeOfDay: Criterion = {
  name: 'time_of_day',
  data: '`{timezone, after, before}`, times such as `15:04`, `15:04:05` or `3:04 PM`',
  doc: 'holds from `after` on, until just before `before`, each day in that zone; over midnight when `after` is the later one',
  reasons: ['time-of-day-ok', 'time-of-day-unauthorized'],
  words: {
    found: ({ nowMs }, _, data) => {
      const { timezone } = isObject(data) ? data : {}
      return `${wallClock(nowMs, timezone, { timeStyle: 'medium' })} in ${String(timezone)}`
    },
    wanted: (data) => {
      const { timezone } = isObject(data) ? data : {}
      return `a time of day ${between(data)} in ${String(timezone)}`
    },
  },
  parse(data, place) {
    const fields = parseFields(data, ['timezone', 'after', 'before'], place)
    if (fields === undefined) return undefined
    const zone = parseTimezone(fields.timezone, place.at('timezone'))
    const window = parseWindow(fields.after, fields.before, place)
    if (zone === undefined || window === undefined) return undefined
    return aboutTime(
      (nowMs) =>
        answer(window.holds(zone.wallMs(nowMs)), 'time-of-day-ok', 'time-of-day-unauthorized'),
      (nowMs) => nextChangeMs(zone, window, nowMs),
    )
  },
}

function parseWindow(
  afterData: unknown,
  beforeData: unknown,
  place: Place,
): WallWindow | undefined {
  const expected = 'a time of day such as "17:30" or "5:30 PM"'
  const after = parseBound(afterData, parseTimeOfDay, expected, place.at('after'))
  const before = parseBound(beforeData, parseTimeOfDay, expected, place.at('before'))
  if (after === 'faulty' || before === 'faulty') return undefined
  if (after === 'absent' && before === 'absent') {
    return place.problem('must have "after", "before" or both')
  }
  const startMs = after === 'absent' ? 0 : after
  const endMs = before === 'absent' ? dayMs : before
  if (startMs === endMs || startMs === dayMs) {
    return place.problem('would never hold: it ends when it begins')
  }
  return wallWindow(startMs, endMs)
}

/** From `startMs` to just before `endMs`, both after midnight; over midnight when that is earlier. */
function wallWindow(startMs: number, endMs: number): WallWindow {
  return {
    boundariesMs: [startMs, endMs % dayMs],
    holds(wallMs) {
      const timeMs = modulo(wallMs, dayMs)
      return startMs < endMs
        ? startMs <= timeMs && timeMs < endMs
        : startMs <= timeMs || timeMs < endMs
    },
  }
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/**
 * Parses a moment as ISO 8601 writes it: a date (`2026-03-01`: its first moment in UTC), or a date and
 * time with `Z` or an offset (`2026-03-01T09:00:00+01:00`). Answers milliseconds since the epoch.
 *
 * A time without an offset is refused: it would mean another moment on each machine.
 */
export function parseMoment(text: string): number | undefined {
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2}))?$/i.exec(
      text,
    )
  if (match === null) return undefined
  const [, date = '', time = '00:00', seconds = '00', fraction = '0', offset = 'Z'] = match
  const millis = fraction.padEnd(3, '0').slice(0, 3)
  const atMs = Date.parse(`${date}T${time}:${seconds}.${millis}${offset.toUpperCase()}`)
  // `Date` reads 30 February as 1 March.
  const isRealDate = new Date(`${date}T00:00:00Z`).getUTCDate() === Number(date.slice(8))
  return isRealDate && !Number.isNaN(atMs) ? atMs : undefined
}

/**
 * Parses a time of day: `15:04`, `15:04:05`, `15:04:05.999999999`, `3:04 PM`, `3:04PM`, `3 PM` or
 * `3PM`. Answers milliseconds after midnight; a part of one counts as a whole, so that
 * `23:59:59.999999999` is the end of the day.
 */
export function parseTimeOfDay(text: string): number | undefined {
  return parse24Hours(text) ?? parse12Hours(text)
}

function parse24Hours(text: string): number | undefined {
  const match = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$/.exec(text)
  if (match === null) return undefined
  const [, hours, minutes, seconds = '0', fraction = ''] = match
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined
  const fractionMs = Math.ceil(Number(fraction.padEnd(9, '0')) / 1e6)
  return Number(hours) * hourMs + Number(minutes) * minuteMs + Number(seconds) * 1000 + fractionMs
}

function parse12Hours(text: string): number | undefined {
  const match = /^(\d{1,2})(?::(\d{2}))? ?([AP])M$/i.exec(text)
  if (match === null) return undefined
  const [, hours, minutes = '0', half = ''] = match
  if (Number(hours) < 1 || Number(hours) > 12 || Number(minutes) > 59) return undefined
  const afternoonMs = half.toUpperCase() === 'P' ? 12 * hourMs : 0
  return (Number(hours) % 12) * hourMs + Number(minutes) * minuteMs + afternoonMs
}

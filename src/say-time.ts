// How a moment is told to people, everywhere the same: in the time of their machine, to the minute, with its zone and
// how far away it is. JSON has RFC 3339 in UTC.

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000]
/** Up to here a person counts in hours, in milliseconds. */
const hoursUpToMs = 2 * dayMs

/** A moment of RFC 3339: `2026-11-29 18:05 CET (in 3 h)`. What is no moment is left as it is. */
export function sayTime(time: string, nowMs: number = Date.now()): string {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return time
  return `${dayOf(date)} ${clockOf(date)} ${zoneOf(date)} (${sayDistance(date.getTime() - nowMs)})`
}

/** To the second, for lines that follow one another: `2026-11-29 18:05:09 CET`. */
export function saySecond(time: string): string {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return time
  return `${dayOf(date)} ${clockOf(date)}:${two(date.getSeconds())} ${zoneOf(date)}`
}

function dayOf(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

function clockOf(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}`
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

/** `CET`, or `+05:30` where the zone has no name that people know. */
function zoneOf(date: Date): string {
  // Each of them has names of its own zones alone.
  for (const locale of ['en-GB', 'en-US']) {
    const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }).formatToParts(date)
    const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
    if (/^[A-Z]{3,5}$/.test(name)) return name
  }
  const minutes = -date.getTimezoneOffset()
  const [sign, far] = [minutes < 0 ? '-' : '+', Math.abs(minutes)]
  return `${sign}${two(Math.floor(far / 60))}:${two(far % 60)}`
}

/** Never more than there is. */
function sayDistance(distanceMs: number): string {
  const far = Math.abs(distanceMs)
  if (far < minuteMs) return 'now'
  const [count, unit] =
    far < hourMs
      ? [Math.floor(far / minuteMs), 'min']
      : far < hoursUpToMs
        ? [Math.floor(far / hourMs), 'h']
        : [Math.floor(far / dayMs), 'days']
  return distanceMs > 0 ? `in ${count} ${unit}` : `${count} ${unit} ago`
}

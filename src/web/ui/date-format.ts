const options = {
  full: { dateStyle: 'full', timeStyle: 'long' },
  time: { timeStyle: 'medium' },
  shortTime: { timeStyle: 'short' },
  dayAlone: { day: 'numeric', month: 'short' },
  weekday: { weekday: 'short', day: 'numeric', month: 'short' },
  weekdayAndTime: {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  },
  day: { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' },
  dayOfAnotherYear: {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  },
} as const satisfies Readonly<Record<string, Intl.DateTimeFormatOptions>>

export type DateStyle = keyof typeof options

/** How long a format serves, in milliseconds: it has the zone that the reader was in when it was made. */
const maxAgeMs = 60_000

interface Made {
  readonly format: Intl.DateTimeFormat
  readonly atMs: number
}

const made = new Map<DateStyle, Made>()

/**
 * A moment in the reader's language and zone. `toLocaleString` makes a format at every call, which was a
 * quarter of what a list of thousands of rows took while somebody went through it.
 */
export function formatDate(style: DateStyle, date: Date): string {
  if (Number.isNaN(date.getTime())) return String(date)
  const nowMs = performance.now()
  let found = made.get(style)
  if (found === undefined || nowMs - found.atMs > maxAgeMs) {
    found = { format: new Intl.DateTimeFormat(undefined, options[style]), atMs: nowMs }
    made.set(style, found)
  }
  return found.format.format(date)
}

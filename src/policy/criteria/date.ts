import type { Place } from '../place.ts'
import { parseBound, parseFields } from '../time/data.ts'
import { parseMoment } from '../time/texts.ts'
import { between } from './words.ts'
import { aboutTime, answer, type Criterion } from './criterion.ts'

/** `date: { after: 2026-03-01T09:00:00Z, before: 2026-04-01 }` — from one moment to just before another. */
export const date: Criterion = {
  name: 'date',
  data: '`{after, before}`, ISO 8601 with `Z` or an offset; a date alone is its first moment in UTC',
  doc: 'holds from `after` on, until just before `before`; one of them may be absent',
  reasons: ['date-ok', 'date-unauthorized'],
  words: {
    found: ({ nowMs }) => new Date(nowMs).toISOString(),
    wanted: (data) => `a moment ${between(data)}`,
  },
  parse(data, place) {
    const window = parseWindow(data, place)
    if (window === undefined) return undefined
    const { afterMs, beforeMs } = window
    const { nowMs: readAtMs } = place.context
    if (readAtMs !== undefined && beforeMs <= readAtMs)
      place
        .at('before')
        .warn('is over: it never holds again', 'take it out, or name a later moment')
    return aboutTime(
      (nowMs) => answer(nowMs >= afterMs && nowMs < beforeMs, 'date-ok', 'date-unauthorized'),
      (nowMs) => [afterMs, beforeMs].find((atMs) => atMs > nowMs && atMs < Infinity),
    )
  },
}

function parseWindow(
  data: unknown,
  place: Place,
): { readonly afterMs: number; readonly beforeMs: number } | undefined {
  const fields = parseFields(data, ['after', 'before'], place)
  if (fields === undefined) return undefined
  const expected = 'a date or a moment such as "2026-03-01T09:00:00Z"'
  const after = parseBound(fields.after, parseMoment, expected, place.at('after'))
  const before = parseBound(fields.before, parseMoment, expected, place.at('before'))
  if (after === 'faulty' || before === 'faulty') return undefined
  if (after === 'absent' && before === 'absent') {
    return place.problem('must have "after", "before" or both')
  }
  const afterMs = after === 'absent' ? -Infinity : after
  const beforeMs = before === 'absent' ? Infinity : before
  if (afterMs >= beforeMs) return place.problem('would never hold: "after" is not before "before"')
  return { afterMs, beforeMs }
}

import { PeerError } from '../errors.ts'
import type { Sample, SampleRange, SampleSpan } from '../store/sample-store.ts'
import { sampleSteps, type SampleStep } from './picture-protocol.ts'

interface Step {
  readonly ms: number
  /** The rows that it is added up from. */
  readonly span: SampleSpan
  /** For how long there are such rows. */
  readonly keptMs: number
}

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000]

export const steps: Readonly<Record<SampleStep, Step>> = {
  '1m': { ms: minuteMs, span: 'minute', keptMs: 2 * dayMs },
  '5m': { ms: 5 * minuteMs, span: 'minute', keptMs: 2 * dayMs },
  '1h': { ms: hourMs, span: 'hour', keptMs: 90 * dayMs },
  '1d': { ms: dayMs, span: 'day', keptMs: 90 * dayMs },
}

/** As many as a picture can show. */
const fewPoints = 500
/** @limit points of one picture that the API answers: 400 `malformed_request`, with a coarser step to ask for */
const maxPoints = 2_200

/** The finest step of which there are few enough, and whose rows are still kept. */
export function stepFor(sinceMs: number, untilMs: number, nowMs: number): SampleStep {
  const fits = (name: SampleStep): boolean =>
    (untilMs - sinceMs) / steps[name].ms <= fewPoints && nowMs - sinceMs <= steps[name].keptMs
  return sampleSteps.find(fits) ?? '1d'
}

export function checkPoints(sinceMs: number, untilMs: number, step: SampleStep): void {
  if (untilMs <= sinceMs) throw new PeerError('malformed-request', '"until" must be after "since"')
  const points = Math.ceil((untilMs - sinceMs) / steps[step].ms)
  if (points <= maxPoints) return
  const text = `there would be ${points} points of "${step}": ${maxPoints} is the most`
  throw new PeerError('malformed-request', text, {
    hint: 'ask for a coarser step or a shorter time',
  })
}

/**
 * Where the rows of the busiest routes are read: of hours and days from a length on at which these say as much, since
 * there may be a thousand routes in each minute.
 */
export function busiestRange(sinceMs: number, untilMs: number): SampleRange {
  const lengthMs = untilMs - sinceMs
  const span = lengthMs < 3 * hourMs ? 'minute' : lengthMs < 30 * dayMs ? 'hour' : 'day'
  return { span, sinceMs, untilMs }
}

/** Every step of a time, oldest first, and what was measured in it; the one that has just begun is left out. */
export function pointsOf(
  rows: readonly Sample[],
  { sinceMs, untilMs, step, nowMs }: Asked,
): readonly { readonly atMs: number; readonly rows: readonly Sample[] }[] {
  const { ms } = steps[step]
  const begin = (atMs: number): number => Math.floor(atMs / ms) * ms
  const byStep = Map.groupBy(rows, ({ atMs }) => begin(atMs))
  const points = []
  for (let atMs = begin(sinceMs); atMs < untilMs; atMs += ms)
    points.push({ atMs, rows: byStep.get(atMs) ?? [] })
  const last = points.at(-1)
  const isJustBegun = last !== undefined && last.rows.length === 0 && last.atMs === begin(nowMs)
  return isJustBegun ? points.slice(0, -1) : points
}

interface Asked {
  readonly sinceMs: number
  readonly untilMs: number
  readonly step: SampleStep
  readonly nowMs: number
}

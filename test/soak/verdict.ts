import type { ProbeFigures } from './probe-figures.ts'
import { trendOf } from './trend.ts'

/** What a gateway holds at one moment; all else is as at the others, a fixed number of tunnels. */
export interface Sample extends ProbeFigures {
  /** Since the gateway started, in seconds. */
  readonly at: number
  readonly descriptors: number
  /** Those that the gateway says are open. */
  readonly tunnels: number
}

export type Quantity = Exclude<keyof Sample, 'at' | 'tunnels'>

/** How probable a rise by chance may be of one quantity: all together fail one run in a hundred. */
export const alpha = 0.001

const mib = 1024 ** 2
/**
 * What growth counts, from the first sample to the last: the larger of a fixed amount and so much an hour. Something that grows
 * steadily and by less is nobody's concern before the next release.
 */
export const leastGrowth: Readonly<
  Record<Quantity, { readonly least: number; readonly perHour: number }>
> = {
  // What a young process takes while its code is compiled, and its first caches fill.
  rssBytes: { least: 64 * mib, perHour: 64 * mib },
  heapBytes: { least: 6 * mib, perHour: 6 * mib },
  externalBytes: { least: 6 * mib, perHour: 6 * mib },
  handleBytes: { least: 4 * 1024, perHour: 64 * 1024 },
  descriptors: { least: 4, perHour: 10 },
  sockets: { least: 10, perHour: 20 },
  streams: { least: 10, perHour: 20 },
  timers: { least: 10, perHour: 20 },
  loopDelayP99Ms: { least: 20, perHour: 20 },
}

/** One quantity over a run. */
export interface Figure {
  readonly first: number
  readonly last: number
  readonly least: number
  readonly most: number
  /** Sen's slope. */
  readonly perHour: number
  /** Over all samples, by that slope. */
  readonly growth: number
  /** Growth up to which a rise does not matter. */
  readonly allowed: number
  /** Of the test of Mann and Kendall. */
  readonly p: number
  readonly isFlat: boolean
}

/** Holds samples to what is promised: nothing rises both surely and by more than is allowed. */
export function judge(samples: readonly Sample[]): Readonly<Record<Quantity, Figure>> {
  const hours = ((samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0)) / 3_600
  const figures = Object.entries(leastGrowth).map(([name, { least, perHour }]) => {
    const points = samples.map((sample) => ({ at: sample.at, value: sample[name as Quantity] }))
    const values = points.map(({ value }) => value)
    const { slope, growth, p } = trendOf(points)
    const allowed = Math.max(least, perHour * hours)
    const figure: Figure = {
      first: rounded(values[0]),
      last: rounded(values.at(-1)),
      least: rounded(Math.min(...values)),
      most: rounded(Math.max(...values)),
      perHour: rounded(slope * 3_600),
      growth: rounded(growth),
      allowed: rounded(allowed),
      p: Number(p.toPrecision(2)),
      isFlat: p >= alpha || growth <= allowed,
    }
    return [name, figure] as const
  })
  return Object.fromEntries(figures) as Record<Quantity, Figure>
}

function rounded(value = Number.NaN): number {
  return Number(value.toFixed(1))
}

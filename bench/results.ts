import type { Figures } from './measures.ts'
import { median } from './statistics.ts'

/** What one round measured of one target over one protocol. */
export interface Sample {
  readonly measure: string
  readonly target: string
  readonly protocol: string
  readonly round: number
  readonly figures: Figures
}

/** One figure of one measure of one target over one protocol, over all rounds. */
export interface Row {
  readonly measure: string
  readonly target: string
  readonly protocol: string
  readonly figure: string
  readonly median: number
  /** Median of the rounds' ratios to the bare relay in the same round; undefined without it. */
  readonly ratioToBare: number | undefined
  readonly rounds: readonly number[]
}

/** Figures that say how to read the others: no ratio is taken of them. */
const contextual = /Busy$|^added/

/** Brings the rounds together, in the order in which things were measured. */
export function summarise(samples: readonly Sample[]): readonly Row[] {
  const bare = new Map(
    samples.filter(({ target }) => target === 'bare').map((sample) => [roundKey(sample), sample]),
  )
  const groups = Map.groupBy(samples, ({ measure, target, protocol }) =>
    [measure, target, protocol].join(' '),
  )
  return [...groups.values()].flatMap((rounds) => {
    const figures = Object.keys(rounds[0]?.figures ?? {})
    return figures.map((figure) => summariseFigure(rounds, figure, bare))
  })
}

function summariseFigure(
  rounds: readonly Sample[],
  figure: string,
  bare: ReadonlyMap<string, Sample>,
): Row {
  const { measure = '', target = '', protocol = '' } = rounds[0] ?? {}
  const values = rounds.map(({ figures }) => figures[figure] ?? Number.NaN)
  const ratios = rounds.flatMap((sample) => {
    const base = bare.get(roundKey(sample))?.figures[figure]
    const value = sample.figures[figure]
    if (base === undefined || value === undefined || base === 0) return []
    return contextual.test(figure) ? [] : [value / base]
  })
  return {
    measure,
    target,
    protocol,
    figure,
    median: rounded(median(values)),
    ratioToBare: ratios.length === 0 ? undefined : rounded(median(ratios)),
    rounds: values.map(rounded),
  }
}

function roundKey({ measure, round }: Sample): string {
  return `${measure} ${round}`
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

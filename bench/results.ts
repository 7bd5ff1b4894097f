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
  /** The same of a connector to the gateway without one, and of a route with `tell` to one without, over the same protocol. */
  readonly ratioToDirect: number | undefined
  /** The same to the same target over HTTP/1.1: what another way of asking for a tunnel costs. */
  readonly ratioToHttp1: number | undefined
  readonly rounds: readonly number[]
}

/** Figures that say how to read the others: no ratio is taken of them. */
const contextual = /Busy$|^added|Mib$|^speed/

/** Brings the rounds together, in the order in which things were measured. */
export function summarise(samples: readonly Sample[]): readonly Row[] {
  const bare: Bases = new Map(
    samples.filter(({ target }) => target === 'bare').map((sample) => [roundKey(sample), sample]),
  )
  const http1: Bases = new Map(
    samples
      .filter(({ protocol }) => protocol === 'http/1.1')
      .map((sample) => [`${sample.target} ${roundKey(sample)}`, sample]),
  )
  const direct: Bases = new Map(
    samples
      .filter(({ target }) => target === 'gateway' || target === 'without-tell')
      .map((sample) => [`${sample.protocol} ${roundKey(sample)}`, sample]),
  )
  const groups = Map.groupBy(samples, ({ measure, target, protocol }) =>
    [measure, target, protocol].join(' '),
  )
  return [...groups.values()].flatMap((rounds) => {
    const figures = Object.keys(rounds[0]?.figures ?? {})
    return figures.map((figure) => summariseFigure(rounds, figure, { bare, http1, direct }))
  })
}

/** What others are measured by, by round. */
type Bases = ReadonlyMap<string, Sample>

function summariseFigure(
  rounds: readonly Sample[],
  figure: string,
  { bare, http1, direct }: Record<'bare' | 'http1' | 'direct', Bases>,
): Row {
  const { measure = '', target = '', protocol = '' } = rounds[0] ?? {}
  const values = rounds.map(({ figures }) => figures[figure] ?? Number.NaN)
  const ratio = (baseOf: (sample: Sample) => Sample | undefined): number | undefined => {
    const ratios = rounds.flatMap((sample) => {
      const base = baseOf(sample)?.figures[figure]
      const value = sample.figures[figure]
      if (base === undefined || value === undefined || base === 0) return []
      return contextual.test(figure) ? [] : [value / base]
    })
    return ratios.length === 0 ? undefined : rounded(median(ratios))
  }
  return {
    measure,
    target,
    protocol,
    figure,
    median: rounded(median(values)),
    ratioToBare: ratio((sample) => bare.get(roundKey(sample))),
    ratioToDirect:
      target === 'connector' || target === 'with-tell'
        ? ratio((sample) => direct.get(`${protocol} ${roundKey(sample)}`))
        : undefined,
    ratioToHttp1:
      protocol === 'http/1.1'
        ? undefined
        : ratio((sample) => http1.get(`${sample.target} ${roundKey(sample)}`)),
    rounds: values.map(rounded),
  }
}

function roundKey({ measure, round }: Sample): string {
  return `${measure} ${round}`
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}

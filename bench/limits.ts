import type { Row } from './results.ts'

/** What the gateway may cost; `ratioToBare` is to the bare relay, `median` is absolute. */
interface Limit {
  readonly protocol: string
  readonly measure: RegExp
  readonly figure: string
  readonly of: 'ratioToBare' | 'median'
  readonly atMost: number
}

const limits: readonly Limit[] = [...limitsOf('http/1.1', 1.15, 80), ...limitsOf('h2', 1.6, 110)]

function limitsOf(protocol: string, cpuRatio: number, kibPerTunnel: number): readonly Limit[] {
  return [
    {
      protocol,
      measure: /^throughput-/,
      figure: 'cpuSecondsPerGib',
      of: 'ratioToBare',
      atMost: cpuRatio,
    },
    { protocol, measure: /^idle$/, figure: 'kibPerTunnel', of: 'median', atMost: kibPerTunnel },
  ]
}

/** A limit beside what was measured. */
export interface Verdict {
  readonly measure: string
  readonly protocol: string
  readonly figure: string
  readonly of: Limit['of']
  readonly atMost: number
  readonly measured: number
  readonly isMet: boolean
}

/** Judges everything that was measured of the gateway and has a limit. */
export function judge(rows: readonly Row[]): readonly Verdict[] {
  return rows
    .filter(({ target }) => target === 'gateway')
    .flatMap((row) =>
      limits
        .filter(({ protocol, measure, figure }) => {
          return protocol === row.protocol && figure === row.figure && measure.test(row.measure)
        })
        .flatMap(({ of, atMost }) => {
          const measured = row[of]
          if (measured === undefined) return []
          const { measure, protocol, figure } = row
          return [{ measure, protocol, figure, of, atMost, measured, isMet: measured <= atMost }]
        }),
    )
}

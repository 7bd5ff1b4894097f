import type { Row } from './results.ts'

/**
 * What the gateway may cost, or must carry; `ratioToBare` is to the bare relay, `ratioToHttp1` to CONNECT
 * over HTTP/1.1, `ratioToDirect` to the gateway without a connector, `median` is absolute.
 */
interface Limit {
  readonly target: 'gateway' | 'connector'
  readonly protocol: string
  readonly measure: RegExp
  readonly figure: string
  readonly of: 'ratioToBare' | 'ratioToHttp1' | 'ratioToDirect' | 'median'
  readonly bound: Bound
}

type Bound = { readonly atMost: number } | { readonly atLeast: number }

const ofStreams = { target: 'connector', protocol: 'h2', of: 'median' } as const

const limits: readonly Limit[] = [
  ...limitsOf('http/1.1', 1.15, 80),
  ...limitsOf('h2', 1.6, 110),
  ...['http/1.1', 'h2'].flatMap(limitsOfConnector),
  ...(['gatewayMib', 'connectorMib'] as const).flatMap((figure) => [
    // A hundred on each of four connections may hold four times as much; here they are spread.
    { ...ofStreams, measure: /^stopped-/, figure, bound: { atMost: 4 * 128 } },
    { ...ofStreams, measure: /^slow-uploads$/, figure, bound: { atMost: 256 } },
    { ...ofStreams, measure: /^come-and-gone$/, figure, bound: { atMost: 64 } },
  ]),
  { ...ofStreams, measure: /^come-and-gone$/, figure: 'addedDescriptors', bound: { atMost: 0 } },
  {
    ...ofStreams,
    measure: /^beside-stopped$/,
    figure: 'speedBesideStopped',
    bound: { atLeast: 0.95 },
  },
  {
    target: 'gateway',
    protocol: 'websocket',
    measure: /^throughput-/,
    figure: 'mibPerSecond',
    of: 'ratioToHttp1',
    bound: { atLeast: 0.6 },
  },
  ...['http/1.1', 'h2', 'websocket'].map((protocol) => ({
    target: 'gateway' as const,
    protocol,
    measure: /^stalled$/,
    figure: 'p99Micros',
    of: 'median' as const,
    bound: { atMost: 20_000 },
  })),
]

function limitsOf(protocol: string, cpuRatio: number, kibPerTunnel: number): readonly Limit[] {
  const target = 'gateway'
  return [
    {
      target,
      protocol,
      measure: /^throughput-/,
      figure: 'cpuSecondsPerGib',
      of: 'ratioToBare',
      bound: { atMost: cpuRatio },
    },
    {
      target,
      protocol,
      measure: /^idle$/,
      figure: 'kibPerTunnel',
      of: 'median',
      bound: { atMost: kibPerTunnel },
    },
  ]
}

function limitsOfConnector(protocol: string): readonly Limit[] {
  const common = {
    target: 'connector',
    protocol,
    measure: /^throughput-/,
    of: 'ratioToDirect',
  } as const
  return [
    { ...common, figure: 'cpuSecondsPerGib', bound: { atMost: 1.25 } },
    { ...common, figure: 'summedCpuSecondsPerGib', bound: { atMost: 2.3 } },
  ]
}

/** A limit beside what was measured. */
export interface Verdict {
  readonly target: Limit['target']
  readonly measure: string
  readonly protocol: string
  readonly figure: string
  readonly of: Limit['of']
  readonly bound: Bound
  readonly measured: number
  readonly isMet: boolean
}

/** Judges everything that was measured of the gateway and has a limit. */
export function judge(rows: readonly Row[]): readonly Verdict[] {
  return rows.flatMap((row) =>
    limits
      .filter(({ target, protocol }) => target === row.target && protocol === row.protocol)
      .filter(({ measure, figure }) => figure === row.figure && measure.test(row.measure))
      .flatMap(({ target, of, bound }) => {
        const measured = row[of]
        if (measured === undefined) return []
        const { measure, protocol, figure } = row
        const isMet = 'atMost' in bound ? measured <= bound.atMost : measured >= bound.atLeast
        return [{ target, measure, protocol, figure, of, bound, measured, isMet }]
      }),
  )
}

import { parseArgs } from 'node:util'

export const groups = [
  'throughput',
  'latency',
  'opens',
  'idle',
  'stalled',
  'line',
  'memory',
  'tell',
] as const
/** What can be measured. */
export type Group = (typeof groups)[number]

export interface Options {
  readonly only: readonly Group[]
  /** Names of targets; undefined for the usual ones. */
  readonly targets: readonly string[] | undefined
  readonly rounds: number
  /** Bytes of one throughput measurement, in GiB. */
  readonly gib: number
  /** Tunnels held open for the memory measurement. */
  readonly tunnels: number
  /** Of the lines, in milliseconds. */
  readonly roundTripsMs: readonly number[]
  /** Streams that come and go through a connector. */
  readonly streams: number
  readonly pings: number
  /** Connections of each kind that stalls, while tunnels are pinged. */
  readonly stalled: number
  readonly opens: number
  /** Another program to measure as the gateway than the build or the source. */
  readonly gateway: string | undefined
  /** Where the gateway's CPU profile goes; undefined for none. */
  readonly profile: string | undefined
  /** Where the JSON goes besides standard output. */
  readonly json: string | undefined
  /** Whether a missed limit makes the exit code 1. */
  readonly check: boolean
}

export const usage = `usage: npm run bench -- [options]

  --quick            fewer rounds and bytes: a first impression, not a result
  --only LIST        of ${groups.join(',')}; line: throughput through a connector over round
                     trips of 0, 20 and 100 ms, beside bare TCP (root, python3);
                     memory: of streams through a connector, stopped, slow, come and gone;
                     tell: following the messages of a protocol, in this process, and a
                     route that does so beside one that does not
  --targets LIST     of bare,gateway,connector,nginx,haproxy (default) and bare-h2,relay,relay-h2,
                     and for the hop through a connector alone bare-hop,connector-hop
  --rounds N         rounds, each target once in each (5)
  --gib N            GiB of one throughput measurement (1)
  --round-trips LIST round trips of the line in milliseconds (0,20,100)
  --streams N        streams that come and go in the memory measurement (5000)
  --tunnels N        tunnels of the memory measurement (2000)
  --gateway FILE     program to measure as the gateway (dist/postern.js, else src/cli/main.ts)
  --profile DIR      write the gateway's CPU profile
  --json FILE        write the JSON there too
  --check            exit with 1 when a limit is missed
`

/** Reads the command line. Throws an `Error` with one sentence when it cannot. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: flag,
      quick: flag,
      check: flag,
      only: text,
      targets: text,
      rounds: text,
      gib: text,
      tunnels: text,
      streams: text,
      'round-trips': text,
      gateway: text,
      profile: text,
      json: text,
    },
  })
  if (values.help) return 'help'
  const { quick } = values
  return {
    only: values.only === undefined ? groups : values.only.split(',').map(parseGroup),
    targets: values.targets?.split(','),
    rounds: positive('--rounds', values.rounds, quick ? 3 : 5),
    gib: positive('--gib', values.gib, quick ? 0.25 : 1),
    tunnels: positive('--tunnels', values.tunnels, quick ? 500 : 2_000),
    streams: positive('--streams', values.streams, quick ? 1_000 : 5_000),
    roundTripsMs: (values['round-trips'] ?? '0,20,100').split(',').map(parseRoundTrip),
    pings: quick ? 1_000 : 10_000,
    stalled: quick ? 100 : 1_000,
    opens: quick ? 200 : 1_000,
    gateway: values.gateway,
    profile: values.profile,
    json: values.json,
    check: values.check,
  }
}

function parseGroup(name: string): Group {
  const group = groups.find((known) => known === name)
  if (group === undefined) throw new Error(`--only: "${name}" is none of ${groups.join(', ')}`)
  return group
}

function parseRoundTrip(text: string): number {
  const ms = Number(text)
  if (text !== '' && ms >= 0) return ms
  throw new Error(`--round-trips: "${text}" is not a number of milliseconds`)
}

/** Throws an `Error` for what is none above 0. */
export function positive(option: string, text: string | undefined, byDefault: number): number {
  const value = text === undefined ? byDefault : Number(text)
  if (!(value > 0)) throw new Error(`${option}: "${text}" is not a number above 0`)
  return value
}

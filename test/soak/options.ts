import { parseArgs } from 'node:util'
import { leakNames, type LeakName } from './probe-figures.ts'

export interface Options {
  /** Tunnels that are quiet behind real edges, instead of all else. */
  readonly edges: boolean
  readonly minutes: number
  readonly idle: number
  readonly busy: number
  readonly churn: number
  readonly seed: number
  readonly leaks: readonly LeakName[]
}

export const usage = `usage: npm run soak -- [options]

Holds tunnels of every kind open at a gateway while others come and go, and tests whether what its process holds grows.
Exit code 1 when it does, or a tunnel is lost.

  --minutes N   how long, the first quarter to warm up (60; 12 with --edges)
  --idle N      tunnels that carry nothing (2000)
  --busy N      tunnels that always do (50)
  --churn N     tunnels that end, and are opened anew, in a second (20)
  --leak LIST   has the gateway lose for each connection to a service: of ${leakNames.join(', ')}
  --edges       tunnels that are quiet for so long behind HAProxy and nginx with their packaged timeouts, instead of all else
  --seed S      what is chosen: which tunnel ends, and how (the clock's)

  npm run soak -- --minutes 3
  npm run soak -- --minutes 3 --idle 200 --leak descriptor
  npm run soak -- --edges`

/** Reads the command line. Throws an `Error` with one sentence when it cannot. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean' },
      edges: { type: 'boolean', default: false },
      minutes: text,
      idle: text,
      busy: text,
      churn: text,
      leak: text,
      seed: text,
    },
  })
  if (values.help === true) return 'help'
  return {
    edges: values.edges,
    minutes: numberOf('--minutes', values.minutes ?? (values.edges ? '12' : '60')),
    idle: wholeOf('--idle', values.idle ?? '2000'),
    busy: wholeOf('--busy', values.busy ?? '50'),
    churn: numberOf('--churn', values.churn ?? '20'),
    leaks: (values.leak ?? '').split(',').filter(Boolean).map(leakOf),
    seed: wholeOf('--seed', values.seed ?? String(Date.now() % 1_000_000)),
  }
}

function leakOf(name: string): LeakName {
  const leak = leakNames.find((known) => known === name)
  if (leak === undefined) throw new Error(`--leak: "${name}" is none of ${leakNames.join(', ')}`)
  return leak
}

function numberOf(option: string, text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value > 0 && Number.isFinite(value)) return value
  throw new Error(`${option}: "${text}" is not a number above 0`)
}

function wholeOf(option: string, text: string): number {
  const value = numberOf(option, text)
  if (Number.isSafeInteger(value)) return value
  throw new Error(`${option}: "${text}" is not a whole number`)
}

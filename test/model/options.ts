import { parseArgs } from 'node:util'

export interface Options {
  /** How long, at least; 0 for one seed. */
  readonly minutes: number
  /** The first; the others follow it. */
  readonly seed: number
  /** Of one seed. */
  readonly sequences: number
  /** The one sequence to run, as a failure names it. */
  readonly path: string | undefined
  /** What fails is shown as it was drawn, and made no shorter. */
  readonly whole: boolean
  readonly races: boolean
  /** Of one seed. */
  readonly interleavings: number
  /** The one interleaving to run, whose steps are shown. */
  readonly index: number | undefined
}

export const usage = `usage: npm run model -- [options]

Lets things happen at random to people, routes, policies, sessions and connectors, and holds the tunnels that are
open to those that may be. Exit code 1 when they differ, with the command that does the same again.

  --minutes N        goes on with further seeds for so long (once)
  --seed S           the first seed (the clock's)
  --sequences N      sequences of one seed (40)
  --path P           the one sequence that a failure names
  --whole            shows what fails as it was drawn, and makes it no shorter
  --races            opens tunnels while something changes, in orders that follow from the seed
  --interleavings N  of one seed (100000)
  --index I          the one interleaving that a failure names, with its steps

  npm run model -- --minutes 10
  npm run model -- --seed 1 --path 12
  npm run model -- --races --seed 1 --index 12`

/** Reads the command line. Throws an `Error` with one sentence when it cannot. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: flag,
      minutes: text,
      seed: text,
      sequences: text,
      path: text,
      whole: flag,
      races: flag,
      interleavings: text,
      index: text,
    },
  })
  if (values.help) return 'help'
  const { path, whole, races, index } = values
  return {
    minutes: numberOf('--minutes', values.minutes ?? '0'),
    seed: wholeOf('--seed', values.seed ?? String(Date.now() % 2 ** 31)),
    sequences: wholeOf('--sequences', values.sequences ?? '40'),
    path,
    whole,
    races,
    interleavings: wholeOf('--interleavings', values.interleavings ?? '100000'),
    index: index === undefined ? undefined : wholeOf('--index', index),
  }
}

function numberOf(option: string, text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0) return value
  throw new Error(`${option}: "${text}" is not a number from 0 on`)
}

function wholeOf(option: string, text: string): number {
  const value = numberOf(option, text)
  if (Number.isSafeInteger(value)) return value
  throw new Error(`${option}: "${text}" is not a whole number`)
}

import { join } from 'node:path'
import { parseArgs } from 'node:util'

export interface Options {
  /** Names of targets; all where none is named. */
  readonly targets: readonly string[]
  /** Minutes for all of them together; undefined for no bound. */
  readonly minutes: number | undefined
  /** Inputs of each target; undefined for no bound. */
  readonly inputs: number | undefined
  readonly seed: number
  readonly jobs: number
  readonly json: boolean
  readonly list: boolean
  /** Whether corpora are written anew: what was found is added, what is not needed left out. */
  readonly merge: boolean
  /** Name of a bug in `plants.ts`. */
  readonly plant: string | undefined
  /** A file with an input. */
  readonly replay: string | undefined
  /** Where findings are written. */
  readonly findings: string
  /** Where the corpora are. */
  readonly corpus: string
}

/** What is done without bounds. */
const usualMinutes = 5

export const usage = `usage: npm run fuzz -- [options]

Runs made-up inputs through every parser of foreign bytes, and keeps looking where new code is reached.
Exit code 1 when something is found, 2 when it could not be tried.

  --target NAME    of --list, as often as wanted (all)
  --minutes N      for all targets together (${usualMinutes}, where --inputs is not given)
  --inputs N       for each target; with --minutes, whichever comes first
  --seed S         makes what that run made; with --inputs all of it (the clock's)
  --jobs N         targets at once, a thread each (1)
  --replay FILE    read the input of a finding again, and nothing else; one --target
  --merge          write the corpora with what was found new, without what is not needed;
                   alone, without making inputs
  --plant NAME     a bug of fuzz/plants.ts, to see it found
  --findings DIR   where findings are written (fuzz/findings)
  --corpus DIR     where the corpora are (fuzz/corpus)
  --json           the result as JSON on standard output
  --list           the targets

Examples:
  npm run fuzz -- --minutes 60 --jobs 2
  npm run fuzz -- --target proxy-header --inputs 1000000 --seed 7
  npm run fuzz -- --target proxy-header --replay fuzz/findings/proxy-header-1c0ffee.bin
  npm run fuzz -- --plant proxy-v2-length
`

/** Reads the command line. Throws an `Error` with one sentence when it cannot. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: flag,
      json: flag,
      list: flag,
      merge: flag,
      target: { type: 'string', multiple: true, default: [] },
      minutes: text,
      inputs: text,
      seed: text,
      jobs: text,
      replay: text,
      plant: text,
      findings: text,
      corpus: text,
    },
  })
  if (values.help) return 'help'
  const { target, replay, merge, json, list, plant } = values
  if (replay !== undefined && target.length !== 1)
    throw new Error('--replay: name the one target that reads it with --target')
  const bounds = boundsOf(values.minutes, values.inputs, merge)
  return {
    targets: target,
    ...bounds,
    seed: number('--seed', values.seed, Date.now() % 2 ** 32, 0),
    jobs: number('--jobs', values.jobs, 1, 1),
    json,
    list,
    merge,
    plant,
    replay,
    findings: values.findings ?? 'fuzz/findings',
    corpus: values.corpus ?? join(import.meta.dirname, 'corpus'),
  }
}

function boundsOf(
  minutes: string | undefined,
  inputs: string | undefined,
  merge: boolean,
): Pick<Options, 'minutes' | 'inputs'> {
  const hasNone = minutes === undefined && inputs === undefined
  if (hasNone)
    return merge ? { minutes: undefined, inputs: 0 } : { minutes: usualMinutes, inputs: undefined }
  return {
    minutes: minutes === undefined ? undefined : number('--minutes', minutes, 0, 0, false),
    inputs: inputs === undefined ? undefined : number('--inputs', inputs, 0, 0),
  }
}

function number(
  option: string,
  text: string | undefined,
  byDefault: number,
  least: number,
  isWhole = true,
): number {
  if (text === undefined) return byDefault
  const value = Number(text)
  if (text !== '' && value >= least && (!isWhole || Number.isSafeInteger(value))) return value
  throw new Error(`${option}: "${text}" is not a ${isWhole ? 'whole ' : ''}number from ${least} on`)
}

import { parseArgs } from 'node:util'
import type { Fault } from './fault.ts'

export interface Options {
  /** Another one is another order; undefined for that of the list. */
  readonly seed: number | undefined
  readonly only: readonly Fault[]
  readonly isList: boolean
  /** Whether the rows of docs/reliability.md are written anew. */
  readonly writesPage: boolean
  readonly isShort: boolean
}

export const usage = `usage: npm run faults -- [options]

  --only LIST  names of faults, with commas between them (all)
  --list       the faults, what is done and what has to hold
  --short      as npm test does it: the quick ones, for less long
  --seed N     in which order they are tried (the order of the list)
  --write      writes what came out into the table of docs/reliability.md

  npm run faults -- --only gateway-killed,store-locked`

/** Reads the command line. Throws an `Error` with one sentence when it cannot. */
export function parseOptions(args: readonly string[], faults: readonly Fault[]): Options {
  const flag = { type: 'boolean', default: false } as const
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: { list: flag, short: flag, write: flag, only: text, seed: text },
  })
  if (values.write && values.short)
    throw new Error('the table is of the long form: no "--write" with "--short"')
  return {
    only: chosen(values.only, faults).filter((fault) => !values.short || fault.isShort === true),
    isList: values.list,
    isShort: values.short,
    writesPage: values.write,
    seed: values.seed === undefined ? undefined : wholeNumber(values.seed),
  }
}

function chosen(only: string | undefined, faults: readonly Fault[]): readonly Fault[] {
  return only === undefined
    ? faults
    : only.split(',').map((name) => {
        const found = faults.find((fault) => fault.name === name)
        if (found !== undefined) return found
        throw new Error(`--only: there is no fault "${name}": --list names them`)
      })
}

function wholeNumber(text: string): number {
  const number = Number(text)
  if (text !== '' && Number.isInteger(number)) return number
  throw new Error(`--seed: "${text}" is not a whole number`)
}

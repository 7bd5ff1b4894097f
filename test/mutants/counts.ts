import type { Argued } from './argued.ts'
import { nameOf, type Mutant } from './mutant.ts'

/** The share of mutants that are to be killed, in per cent. */
export const wantedScore = 90

export interface Counts {
  readonly killed: number
  readonly timedOut: number
  readonly survived: number
  /** Of those that survived: how many do the same as the source, and count for nothing. */
  readonly equivalent: number
}

export interface Came {
  readonly killed: number
  readonly timedOut: number
  readonly survivors: readonly Mutant[]
}

/** By their names. */
export type Arguments = ReadonlyMap<string, Argued>

export function countsOf({ killed, timedOut, survivors }: Came, argued: Arguments): Counts {
  const equivalent = survivors.filter((mutant) => argued.get(nameOf(mutant))?.isEquivalent)
  return { killed, timedOut, survived: survivors.length, equivalent: equivalent.length }
}

/** In per cent, with one digit and never rounded up; undefined where there is nothing to judge. */
export function scoreOf(all: readonly Counts[]): number | undefined {
  const sum = (of: (counts: Counts) => number): number =>
    all.reduce((total, counts) => total + of(counts), 0)
  const killed = sum((counts) => counts.killed + counts.timedOut)
  const judged = killed + sum((counts) => counts.survived - counts.equivalent)
  return judged === 0 ? undefined : Math.floor((killed / judged) * 1000) / 10
}

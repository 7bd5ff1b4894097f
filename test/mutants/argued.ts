import type { MutantName } from './mutant.ts'

/** A mutant that no test kills, and why that is right. */
export interface Argued extends MutantName {
  /** It does the same as the source for everybody who calls it: no test could tell, and it does not count. */
  readonly isEquivalent: boolean
  readonly why: string
}

/** By file. What is killed or gone is to be taken out of here: `npm run mutants` names it. */
export const argued: readonly Argued[] = []

/** One change of a source, and what the tests said of it. */
export interface Mutant extends MutantName {
  /** From 1. */
  readonly line: number
  readonly outcome: Outcome
}

/** What it is told from others by, also when lines above it have come or gone. */
export interface MutantName {
  readonly file: string
  /** The kind of change, by Stryker's name. */
  readonly mutator: string
  /** The line that it begins in: the same is changed to the same in many places. */
  readonly at: string
  /** What stood there, and what it became: in one line each, cut short. */
  readonly from: string
  readonly to: string
}

/**
 * `killed`: a test has failed. `timed-out`: the tests did not end, which counts as killed. `survived`: all passed.
 * `not-covered`: no test comes there. `broken`: the tests could not even start, so they have judged nothing.
 */
export type Outcome = 'killed' | 'timed-out' | 'survived' | 'not-covered' | 'broken'

const maxChars = 100

/** Source text in one line. */
export function inOneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > maxChars ? `${line.slice(0, maxChars - 1)}…` : line
}

/** The same for the same mutant. */
export function nameOf({ file, mutator, at, from, to }: MutantName): string {
  return [file, mutator, at, from, to].join('\n')
}

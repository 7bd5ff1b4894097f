import type { TestResult } from './junit.ts'

/** How one test file fared. */
export interface Verdict {
  readonly passed: number
  /** What was not run, a line each. */
  readonly skipped: readonly string[]
  /** What is wrong, a line each. */
  readonly faults: readonly string[]
}

/** What a run of one file left. */
export interface Ran {
  /** Undefined where it was killed or has crashed. */
  readonly results: readonly TestResult[] | undefined
  readonly exitCode: number | null
}

/** What one process left that has run several files. */
export interface RanTogether {
  /** By the path of the file. */
  readonly results: ReadonlyMap<string, readonly TestResult[]>
  readonly exitCode: number | null
}

/** Judges the run of one file. */
export function judge(file: string, { results, exitCode }: Ran): Verdict {
  if (results === undefined || results.length === 0) {
    return { passed: 0, skipped: [], faults: [`${file}: left no results`] }
  }
  const named = (outcome: TestResult['outcome']): string[] =>
    results.filter((result) => result.outcome === outcome).map(({ name }) => `${file}: ${name}`)
  const faults = named('failed')
  // An error that belongs to no test, such as one that nobody caught after the last.
  if (exitCode !== 0 && faults.length === 0) faults.push(`${file}: ended with ${exitCode}`)
  return { passed: named('passed').length, skipped: named('skipped'), faults }
}

/** Judges a run of several files in one process: each by its own, and all of them by an end that no test explains. */
export function judgeTogether(
  files: readonly string[],
  { results, exitCode }: RanTogether,
): readonly Verdict[] {
  const isExplained = [...results.values()].flat().some(({ outcome }) => outcome === 'failed')
  return files.map((file) =>
    judge(file, { results: results.get(file), exitCode: isExplained ? 0 : exitCode }),
  )
}

import type { TestResult } from './junit.ts'

/** How one test file fared against what is known of it. */
export interface Verdict {
  readonly passed: number
  readonly skipped: number
  /** Failed, as the list says. */
  readonly expected: number
  /** What is wrong, a line each. */
  readonly faults: readonly string[]
}

/** What a run of one file left. */
export interface Ran {
  /** Undefined where it was killed or has crashed. */
  readonly results: readonly TestResult[] | undefined
  readonly exitCode: number | null
}

/** Judges the run of one file by what is known to fail there, by name. */
export function judge(
  file: string,
  { results, exitCode }: Ran,
  known: Readonly<Record<string, string>> = {},
): Verdict {
  const counts = { passed: 0, skipped: 0, expected: 0 }
  if (results === undefined || results.length === 0) {
    if (known['*'] !== undefined) return { ...counts, expected: 1, faults: [] }
    return { ...counts, faults: [`${file}: left no results`] }
  }
  const faults: string[] = []
  const isKnown = (name: string): boolean => known[name] !== undefined || known['*'] !== undefined
  for (const { name, outcome } of results) {
    if (outcome === 'skipped') counts.skipped += 1
    else if (outcome === 'passed') counts.passed += 1
    else if (isKnown(name)) counts.expected += 1
    else faults.push(`${file}: ${name}`)
  }
  // An error that belongs to no test, such as one that nobody caught after the last.
  if (exitCode !== 0 && !results.some(({ outcome }) => outcome === 'failed')) {
    faults.push(`${file}: ended with ${exitCode}`)
  }
  for (const name of Object.keys(known)) {
    const named = name === '*' ? results : results.filter((result) => result.name === name)
    if (named.some(({ outcome }) => outcome !== 'passed')) continue
    const now = named.length === 0 ? 'is no test' : 'passes'
    faults.push(`${file}: "${name}" ${now}: take it out of scripts/bun/not-on-bun.ts`)
  }
  return { ...counts, faults }
}

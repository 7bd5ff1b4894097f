import { localActor } from '../../control/change.ts'
import type { TryAnswer } from '../../control/trial-protocol.ts'
import type { TrialOperations } from '../../control/trials.ts'
import type { PolicyTest } from './fixtures.ts'
import { traceLines } from './trace-text.ts'

/** A test and how it came out. */
export interface JudgedTest {
  readonly test: PolicyTest
  readonly answer: TryAnswer
  /** What is not as expected; empty when it passed. */
  readonly faults: readonly string[]
  /** The same with the trace, for people; empty when it passed. */
  readonly lines: readonly string[]
}

/** Judges each test by itself, in order. */
export async function judgeTests(
  tests: readonly PolicyTest[],
  trials: Pick<TrialOperations, 'tryAccess'>,
): Promise<readonly JudgedTest[]> {
  const judged: JudgedTest[] = []
  for (const test of tests)
    judged.push(judge(test, await trials.tryAccess(localActor, test.request)))
  return judged
}

function judge(test: PolicyTest, answer: TryAnswer): JudgedTest {
  const faults = faultsOf(test, answer)
  if (faults.length === 0) return { test, answer, faults, lines: [] }
  return { test, answer, faults, lines: [...faults, ...traceLines(answer.trace)] }
}

function faultsOf({ expect, reasons }: PolicyTest, answer: TryAnswer): readonly string[] {
  const { outcome } = answer
  if (outcome !== expect) return [`expected ${expect}, but it is ${outcome}: ${because(answer)}`]
  if (reasons === undefined || isSame(reasons, answer.reasons)) return []
  return [
    `expected ${expect} because of ${reasons.toSorted().join(', ')}, but it is ${because(answer)}`,
  ]
}

function because({ reasons }: TryAnswer): string {
  return reasons.length === 0 ? 'without a reason' : `because of ${reasons.join(', ')}`
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return [...new Set(one)].sort().join() === [...new Set(other)].sort().join()
}

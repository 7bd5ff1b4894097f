import { wantedScore } from './counts.ts'
import type { FileVerdict, Verdict } from './judge.ts'

export interface RunEnd {
  /** Whether it ended by its bound. */
  readonly isCut: boolean
  readonly minutes: number
}

/** What came of a run, for a person to read. */
export function summaryOf(verdict: Verdict, { isCut, minutes }: RunEnd): string[] {
  const { files, score, unargued, stale, isPassed } = verdict
  return [
    ...files.map(lineOf),
    ...(isCut ? [`ended after ${minutes} min: what is "not tested" is judged by nobody here`] : []),
    ...unargued.map(
      ({ file, line, mutator, from, to, outcome }) =>
        `${file}:${line}: ${outcome}: ${mutator}: ${from} → ${to}`,
    ),
    ...(unargued.length > 0
      ? ['  hint: have a test notice it, or say in test/mutants/argued.ts why none can']
      : []),
    ...stale.map(
      ({ file, mutator, from, to }) =>
        `${file}: argued, and killed or gone: ${mutator}: ${from} → ${to}`,
    ),
    ...(stale.length > 0 ? ['  hint: take it out of test/mutants/argued.ts'] : []),
    score === undefined && isPassed
      ? 'passed: nothing could be judged'
      : `${isPassed ? 'passed' : 'failed'}: ${inWords(score)} of the mutants are killed, ${wantedScore} % of each source are to be`,
  ]
}

function lineOf({
  file,
  score,
  killed,
  timedOut,
  survived,
  equivalent,
  broken,
  leftOut,
}: FileVerdict) {
  const counts = [
    `${killed} killed`,
    ...(timedOut > 0 ? [`${timedOut} timed out`] : []),
    `${survived} survived${equivalent > 0 ? ` (${equivalent} of them the same as the source)` : ''}`,
    ...(broken > 0 ? [`${broken} could not start`] : []),
    ...(leftOut === 0 ? [] : [`${leftOut ?? 'all'} not tested`]),
  ]
  return `${file}: ${inWords(score)}: ${counts.join(', ')}`
}

function inWords(score: number | undefined): string {
  return score === undefined ? 'none' : `${score} %`
}

import type { Argued } from './argued.ts'
import { countsOf, scoreOf, wantedScore, type Counts } from './counts.ts'
import { nameOf, type Mutant } from './mutant.ts'
import type { Tested } from './run-stryker.ts'

export interface Verdict {
  readonly files: readonly FileVerdict[]
  /** Of all files; undefined where nothing could be judged. */
  readonly score: number | undefined
  /** Survivors that nobody has argued. */
  readonly unargued: readonly Mutant[]
  /** Arguments for mutants that are killed, or that there are none of any more. */
  readonly stale: readonly Argued[]
  readonly isPassed: boolean
}

export interface FileVerdict extends Counts {
  readonly file: string
  readonly score: number | undefined
  /** Whose tests could not start: they count for nothing. */
  readonly broken: number
  /** Not tested in time; undefined where it is not known how many. */
  readonly leftOut: number | undefined
}

export interface JudgeOptions {
  /** Whether a run passes that had no time for a single mutant. **Default:** false */
  readonly mayBeNone?: boolean
}

/**
 * What came of a run over `sources`. It fails when too few mutants of one of them are killed, and when it could judge
 * nothing while there was something to judge.
 */
export function judge(
  sources: readonly string[],
  { mutants, leftOut }: Tested,
  argued: readonly Argued[],
  { mayBeNone = false }: JudgeOptions = {},
): Verdict {
  const arguments_ = new Map(argued.map((entry) => [nameOf(entry), entry]))
  const files = sources.map((file): FileVerdict => {
    const own = mutants.filter((mutant) => mutant.file === file)
    const counts = countsOf(cameOf(own), arguments_)
    return {
      file,
      score: scoreOf([counts]),
      ...counts,
      broken: own.filter(({ outcome }) => outcome === 'broken').length,
      leftOut: leftOut.has(file) ? leftOut.get(file) : 0,
    }
  })
  const score = scoreOf(files)
  const { survivors } = cameOf(mutants)
  const names = new Set(survivors.map(nameOf))
  const whole = new Set(files.filter((file) => file.leftOut === 0).map(({ file }) => file))
  const isEmpty = files.every((file) => file.leftOut === 0 && file.broken === 0)
  const isUntested = mutants.length === 0
  return {
    files,
    score,
    unargued: survivors.filter((mutant) => !arguments_.has(nameOf(mutant))),
    stale: argued.filter((entry) => whole.has(entry.file) && !names.has(nameOf(entry))),
    isPassed:
      score === undefined ? isEmpty || (mayBeNone && isUntested) : files.every(isKilledEnough),
  }
}

/** What was not tested in time is taken for killed: a file fails once no rest of it could make up for the survivors. */
function isKilledEnough({ leftOut = 0, ...counts }: FileVerdict): boolean {
  const best = scoreOf([{ ...counts, killed: counts.killed + leftOut }])
  return best === undefined || best >= wantedScore
}

export function cameOf(mutants: readonly Mutant[]) {
  const of = (outcome: Mutant['outcome']) => mutants.filter((mutant) => mutant.outcome === outcome)
  return {
    killed: of('killed').length,
    timedOut: of('timed-out').length,
    survivors: [...of('survived'), ...of('not-covered')],
  }
}

import type { Target } from '../target.ts'
import type { Entry } from './corpus-file.ts'
import type { Coverage } from './coverage.ts'
import type { CurrentInput } from './current-input.ts'
import { judge } from './judge.ts'

interface Merge {
  readonly target: Target
  readonly coverage: Coverage
  readonly current: CurrentInput
  /** What the file holds: entries with a reason stay. */
  readonly entries: readonly Entry[]
  /** Those and what was found new. */
  readonly corpus: readonly Buffer[]
}

/** Longest entry that is kept for what it reaches, in bytes: the corpus is there to be read, and to be read fast. */
export const maxKeptBytes = 2_048

/** The fewest and shortest entries that reach the same code and end in the same ways, the shortest first. */
export async function mergeCorpus(merge: Merge): Promise<readonly Entry[]> {
  const { target, coverage, current, corpus, entries } = merge
  const told = entries.filter(({ why }) => why !== undefined)
  const rest = corpus.filter((bytes) => bytes.length <= maxKeptBytes)
  const byLength = [...rest].sort((one, other) => one.length - other.length || one.compare(other))
  const outcomes = new Set<string>()
  coverage.forgetAll()
  const adds = async (bytes: Buffer): Promise<boolean> => {
    await coverage.take()
    const { outcome = '' } = await judge(target, bytes, current)
    const reached = await coverage.take()
    const isNew = reached.fresh > 0 || !outcomes.has(outcome)
    reached.keep()
    outcomes.add(outcome)
    return isNew
  }
  for (const { bytes } of told) await adds(bytes)
  const kept: Entry[] = []
  for (const bytes of byLength) if (await adds(bytes)) kept.push({ bytes, why: undefined })
  // What a later and longer one reaches as well is not needed: once more, the longest first.
  coverage.forgetAll()
  outcomes.clear()
  for (const { bytes } of told) await adds(bytes)
  const needed: Entry[] = []
  for (const entry of kept.toReversed()) if (await adds(entry.bytes)) needed.push(entry)
  return [...told, ...needed.toReversed()]
}

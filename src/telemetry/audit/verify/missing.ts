import type { ChainHead } from '../chain.ts'
import type { DroppedPart } from '../checkpoint.ts'

/** The sentence about records that are not there. */
export function missing(first: number, last: number): string {
  return first === last ? `record ${first} is missing` : `records ${first} to ${last} are missing`
}

/** Whether stubs tell of all records up to this one, the last of them with its hash. */
export function isDropped(parts: readonly DroppedPart[], upTo: ChainHead): boolean {
  let covered = 0
  for (const { first, last, lastHash } of parts.toSorted((a, b) => a.first - b.first)) {
    if (first > covered + 1) break
    covered = Math.max(covered, last)
    if (last === upTo.seq && lastHash !== upTo.hash) return false
  }
  return covered === upTo.seq && parts.some(({ last }) => last === upTo.seq)
}

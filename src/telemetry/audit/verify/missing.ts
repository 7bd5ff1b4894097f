import { emptyChain, type ChainHead } from '../chain.ts'
import type { DroppedPart } from '../checkpoint.ts'

/** The sentence about records that are not there. */
export function missing(first: number, last: number): string {
  return first === last ? `record ${first} is missing` : `records ${first} to ${last} are missing`
}

/**
 * Up to where stubs tell of all records from the first on. Behind a gap between two of them nothing is told: that
 * was not dropped.
 */
export function droppedUpTo(parts: readonly DroppedPart[]): ChainHead {
  let head = emptyChain
  for (const { first, last, lastHash } of parts.toSorted((a, b) => a.first - b.first))
    if (first <= head.seq + 1 && last > head.seq) head = { seq: last, hash: lastHash }
  return head
}

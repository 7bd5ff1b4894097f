import { emptyChain, type ChainHead, type ChainPlace } from '../chain.ts'
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

/**
 * Behind what the first record that is there has to stand. A kill may have left files that a stub tells of already: the
 * last of their records is held to it.
 */
export function chainStart(
  parts: readonly DroppedPart[],
  { seq, prev }: Pick<ChainPlace, 'seq' | 'prev'>,
): ChainHead {
  const head = droppedUpTo(parts.filter(({ last }) => last < seq))
  const isTold = parts.some(({ first, last }) => first <= head.seq + 1 && last >= seq)
  return isTold ? { seq: seq - 1, hash: prev } : head
}

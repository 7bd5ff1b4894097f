import { digestOf } from './keystream.ts'
import type { OneWay } from './one-way.ts'

/**
 * What a direction came to. `whole` and `reported` are right; so is `excused`, where nobody but the operating system of a
 * process that is gone has spoken. The others are what must never be.
 */
export type Verdict = 'whole' | 'reported' | 'excused' | 'short' | 'changed' | 'silent'

export const rightVerdicts: readonly Verdict[] = ['whole', 'reported', 'excused']

/** Judges one direction by what was sent and what its receiver has and heard. */
export function judge(way: OneWay): Verdict {
  const { sentBytes, receivedBytes, heard } = way
  // A part of it must be the right part as well.
  const isSame =
    receivedBytes <= sentBytes && way.receivedDigest === digestOf(way.content, receivedBytes)
  if (!isSame) return 'changed'
  if (heard === undefined) return 'silent'
  if (heard === 'error') return 'reported'
  return way.isComplete && receivedBytes === sentBytes ? 'whole' : 'short'
}

/** In words, for whoever has to look for it. */
export function describeWay(way: OneWay): string {
  const { sentBytes, receivedBytes, heard = 'nothing' } = way
  const sender = way.isComplete ? 'and ended' : 'and did not end'
  return `${way.content}: its sender sent ${sentBytes} bytes ${sender}, its receiver has ${receivedBytes} and heard ${heard}`
}

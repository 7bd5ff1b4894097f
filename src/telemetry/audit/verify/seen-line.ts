import { placeOf, type ChainPlace } from '../chain.ts'
import type { AuditSeries } from '../keeper.ts'
import type { Fault } from './fault.ts'

/** A line to be checked, in the order of the files. */
export interface LineToCheck {
  readonly bytes: Buffer
  /** False where its newline is missing. */
  readonly isWhole: boolean
  readonly file: string
  /** From 1. */
  readonly line: number
  /** Whether it may just be in writing: it is of the last file. */
  readonly mayBeIncomplete: boolean
}

/** One whose place in the chain was looked for. */
export interface SeenLine extends LineToCheck {
  /** Undefined where it is no record of the series. */
  readonly place: ChainPlace | undefined
}

export function seenLine(series: AuditSeries, line: LineToCheck): SeenLine {
  const place = placeOf(line.bytes)
  return { ...line, place: place?.series === series ? place : undefined }
}

/** A fault, and the line at which it shows. */
export type Found = Pick<Fault, 'what' | 'seq' | 'lastSeq' | 'detail'> & { readonly at: SeenLine }

import type { AuditSeries } from '../audit/keeper.ts'
import type { KeptEntry } from '../audit/read-audit.ts'

/** A record of the audit log on its way to a destination. */
export interface ForwardedRecord {
  readonly series: AuditSeries
  /** Its number in the series; undefined for one of an earlier release. */
  readonly seq: number | undefined
  /** Its line, byte for byte and without the newline: what the chain is made of. */
  readonly line: string
  readonly entry: KeptEntry
}

/**
 * What a destination has taken of a series: everything before a place in a file. The files are the queue; nothing
 * is copied, and what retention removes is not sent any more.
 */
export interface SeriesPlace {
  /** Name of the file. */
  readonly file: string
  /** Where the next line begins, in bytes. */
  readonly offset: number
  /** Number of the last line before, and its hash in hex; those of an empty chain where there was none. */
  readonly seq: number
  readonly hash: string
}

/** A destination's place in each series; none in those of which it has taken nothing. */
export type Position = Readonly<Partial<Record<AuditSeries, SeriesPlace>>>

import type { AuditSeries } from '../keeper.ts'

/** What is wrong with a log. Stable words: scripts read them. */
export type FaultKind =
  /** Bytes of a record are not those that were written. */
  | 'changed'
  /** Records that were there are not, and no stub says that they were dropped. */
  | 'removed'
  /** Another record stands in its place, and it stands elsewhere. */
  | 'reordered'
  /** A record stands a second time. */
  | 'repeated'
  /** A line that the gateway did not write. */
  | 'added'
  /** Records at the end that a checkpoint names are not there. */
  | 'truncated'
  /** The chain holds, but some of its records are not those that were signed. */
  | 'rewritten'
  /** A file has another name than it was begun with. */
  | 'renamed'
  /** A signature does not hold. */
  | 'bad-signature'
  /** Nothing is signed by a key that is known. */
  | 'unknown-key'
  /** A checkpoint of another log. */
  | 'other-log'
  /** A text that has to be a signed note is none. */
  | 'damaged-note'

/** What is wrong, at the first place where it shows. */
export interface Fault {
  readonly what: FaultKind
  readonly series?: AuditSeries
  /** The first record that is concerned, and the last where there are several. */
  readonly seq?: number
  readonly lastSeq?: number
  /** Where it shows: of removed records the line behind them, or the last there is. */
  readonly file?: string
  /** From 1. */
  readonly line?: number
  /** As that line has it; nothing proves it. */
  readonly time?: string
  /** One sentence, lower case, no full stop. */
  readonly detail: string
}

// How the lines of a series hang together: each names the series, its own number and the SHA-256 of the line
// before, the newline left out. The three come first and in this order, so that a line can be judged by its
// bytes alone: whoever changes one, be it a blank, changes what the next one has to say. docs/audit.md
import { hash } from 'node:crypto'
import type { AuditSeries } from './keeper.ts'

/** The end of a series: the last line, and how many there have ever been. */
export interface ChainHead {
  /** From 1, in each series; 0 before the first. Never used again. */
  readonly seq: number
  /** SHA-256 of the last line without its newline, in hex. */
  readonly hash: string
}

/** What a line says of its own place. */
export interface ChainPlace {
  readonly series: AuditSeries
  readonly seq: number
  /** The hash of the line before. */
  readonly prev: string
  /** RFC 3339. */
  readonly time: string
}

/** Before the first line of a series. */
export const emptyChain: ChainHead = { seq: 0, hash: '0'.repeat(64) }

/** Adds an entry, the text of a JSON object; answers its line, without a newline, and the head from now on. */
export function chainEntry(
  series: AuditSeries,
  { seq, hash: prev }: ChainHead,
  entry: string,
): { readonly line: string; readonly head: ChainHead } {
  const line = `{"series":"${series}","seq":${seq + 1},"prev":"${prev}",${entry.slice(1)}`
  return { line, head: { seq: seq + 1, hash: lineHash(line) } }
}

/** SHA-256 of a line without its newline, in hex. */
export function lineHash(line: string | Uint8Array): string {
  return hash('sha256', line)
}

const placeAtStart =
  /^\{"series":"(people|decisions|strangers)","seq":([1-9]\d{0,14}),"prev":"([0-9a-f]{64})","time":"([^"]{1,40})"/
/** What `placeAtStart` looks at, at most, in bytes. */
const placeBytes = 200

/** The place of a line; undefined for one that no chain has: an earlier release's, or a changed one. */
export function placeOf(line: Buffer): ChainPlace | undefined {
  const found = placeAtStart.exec(line.toString('latin1', 0, placeBytes))
  if (found === null) return undefined
  const [, series, seq, prev = '', time = ''] = found
  return { series: series as AuditSeries, seq: Number(seq), prev, time }
}

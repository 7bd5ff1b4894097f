import { lineHash, type ChainHead, type ChainPlace } from '../chain.ts'
import type { AuditSeries } from '../keeper.ts'
import type { FaultKind } from './fault.ts'
import { missing } from './missing.ts'
import { renamed, renamedFrom } from './renamed.ts'
import { seenLine, type Found, type LineToCheck, type SeenLine } from './seen-line.ts'

/** A line that does not continue the chain. */
export interface Suspect {
  /** Takes notice of what stands behind it, which tells its kind. */
  takeBehind(line: LineToCheck): void
  /** Says what is wrong with it, or with the record before it. */
  found(): Found
}

interface Surroundings {
  readonly series: AuditSeries
  /** How far the chain had come. */
  readonly head: ChainHead
  /** The record that it had come to. */
  readonly before: SeenLine | undefined
  readonly line: SeenLine
  /** What was signed of a record. */
  signedHash(seq: number): string | undefined
}

interface Behind {
  next?: SeenLine | undefined
  nextRecord?: SeenLine | undefined
  /** Where a record stands that has the number which was due. */
  foundAt?: LineToCheck
}

export function suspectLine(around: Surroundings): Suspect {
  const behind: Behind = {}
  const due = Buffer.from(headOfLine(around.series, around.head.seq + 1))
  const isDue = ({ bytes }: LineToCheck) => bytes.subarray(0, due.length).equals(due)
  return {
    takeBehind(line) {
      if (isDue(line)) behind.foundAt ??= line
      if (behind.nextRecord !== undefined) return
      const seen = seenLine(around.series, line)
      behind.next ??= seen
      if (seen.place !== undefined) behind.nextRecord = seen
    },
    found: () => classify(around, behind),
  }
}

function classify(around: Surroundings, behind: Behind): Found {
  const { line, head } = around
  const { place } = line
  if (place === undefined) return notARecord(around, behind)
  if (renamedFrom(line) !== undefined && behind.next?.place?.prev === lineHash(line.bytes))
    return renamed(line)
  if (place.seq === head.seq + 1) return rightNumber(around, behind, place)
  return wrongNumber(around, behind, place)
}

function notARecord({ head, before, line }: Surroundings, { nextRecord }: Behind): Found {
  const due = head.seq + 1
  const next = nextRecord?.place
  if (next?.seq === due && next.prev === head.hash) {
    const detail = `the gateway did not write this line before record ${due}`
    return { what: 'added', at: line, seq: due, detail }
  }
  // A newline within it has made two lines of one.
  if (next?.seq === due && before !== undefined) return changed(before, head.seq)
  return changed(line, due)
}

/** The number is right and the hash before it is not, or its newline is missing. */
function rightNumber(
  { head, before, line, signedHash }: Surroundings,
  { next }: Behind,
  { seq, prev }: ChainPlace,
): Found {
  if (prev === head.hash || before === undefined) return changed(line, seq)
  const said = next === undefined ? signedHash(seq) : next.place?.prev
  const asItWas = line.bytes.toString('latin1').replace(prev, head.hash)
  const isOnlyItsPrev = said === lineHash(Buffer.from(asItWas, 'latin1'))
  return isOnlyItsPrev ? changed(line, seq) : changed(before, head.seq)
}

function wrongNumber(
  { head, before, line }: Surroundings,
  { foundAt }: Behind,
  { seq, prev }: ChainPlace,
): Found {
  const due = head.seq + 1
  if (prev === head.hash) return changed(line, due)
  if (before !== undefined && swallows(before, due)) return changed(before, head.seq)
  if (seq < due)
    return { what: 'repeated', at: line, seq, detail: `record ${seq} stands here once more` }
  if (foundAt !== undefined) {
    const where = `${foundAt.file}:${foundAt.line}`
    const detail = `record ${due} stands at ${where}, and record ${seq} in its place`
    return { what: 'reordered', at: line, seq: due, detail }
  }
  return { what: 'removed', at: line, seq: due, lastSeq: seq - 1, detail: missing(due, seq - 1) }
}

/** Without the newline between them two records are one line. */
export function swallows({ bytes, place }: SeenLine, seq: number): boolean {
  return place !== undefined && bytes.includes(headOfLine(place.series, seq))
}

function headOfLine(series: AuditSeries, seq: number): string {
  return `{"series":"${series}","seq":${seq},"prev":"`
}

/** A fault of a record that is there. */
export function changed(at: SeenLine, seq: number): Found {
  return {
    what: 'changed' satisfies FaultKind,
    at,
    seq,
    detail: `record ${seq} is not what was written`,
  }
}

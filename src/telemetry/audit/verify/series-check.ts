import { emptyChain, lineHash, type ChainHead, type ChainPlace } from '../chain.ts'
import type { DroppedPart } from '../checkpoint.ts'
import type { AuditSeries } from '../keeper.ts'
import { tellsOfLines } from '../own-entries.ts'
import { changed, suspectLine, swallows, type Suspect } from './classify.ts'
import type { Fault } from './fault.ts'
import { chainStart, droppedUpTo, missing } from './missing.ts'
import { renamed, renamedFrom } from './renamed.ts'
import { seenLine, type Found, type LineToCheck, type SeenLine } from './seen-line.ts'

/** What a checkpoint with a good signature says of the series. */
export interface SignedHead extends ChainHead {
  /** RFC 3339. */
  readonly time: string
}

/** What came of a series. */
export interface SeriesReport {
  readonly series: AuditSeries
  /** Records of the chain. */
  readonly records: number
  /** The numbers of the first and the last one; undefined when there is none. */
  readonly first: number | undefined
  readonly last: number | undefined
  /** Lines that are not chained, of which the log itself tells. */
  readonly unchained: number
  /** Bytes at the end that are no whole record: it is being written, or was when the gateway was killed. */
  readonly incompleteBytes: number
  /** The last record that a signature covers; 0 for none. */
  readonly signed: number
  readonly fault: Fault | undefined
}

export interface SeriesCheck {
  take(line: LineToCheck): void
  end(): SeriesReport
}

/** Checks the lines of one series. Behind the first fault it looks for nothing but what tells its kind. */
export function createSeriesCheck(
  series: AuditSeries,
  signedHeads: readonly SignedHead[],
  dropped: readonly DroppedPart[],
): SeriesCheck {
  const lastDropped = dropped.map(({ last, lastHash, time }) => ({
    seq: last,
    hash: lastHash,
    time,
  }))
  const signedBySeq = Map.groupBy([...signedHeads, ...lastDropped], ({ seq }) => seq)
  let head = emptyChain
  let before: SeenLine | undefined
  let first: number | undefined
  let records = 0
  let unchained = 0
  let incompleteBytes = 0
  let signed = 0
  /** Lines that are no records, until the next record says whether the log knows of them. */
  let strays: { readonly line: SeenLine; readonly count: number } | undefined
  let suspect: Suspect | undefined
  let fault: Fault | undefined

  function take(line: LineToCheck): void {
    if (fault !== undefined) return
    if (suspect !== undefined) return suspect.takeBehind(line)
    if (!line.isWhole && line.mayBeIncomplete) {
      incompleteBytes = line.bytes.length
      return
    }
    const seen = seenLine(series, line)
    if (seen.place !== undefined) takeRecord(seen, seen.place)
    else strays = { line: strays?.line ?? seen, count: (strays?.count ?? 0) + 1 }
  }

  function takeRecord(seen: SeenLine, { seq, prev }: ChainPlace): void {
    const isFirst = first === undefined
    if (isFirst && seq > 1) head = chainStart(dropped, { seq, prev })
    const fits = seen.isWhole && seq === head.seq + 1 && prev === head.hash
    if (strays !== undefined && !(fits && tellsOfLines(seen.bytes, strays.count, isFirst))) {
      startSuspect(strays.line).takeBehind(seen)
      return
    }
    if (!fits) return void startSuspect(seen)
    unchained += strays?.count ?? 0
    strays = undefined
    const left = before === undefined ? undefined : faultOfLast(before, seen)
    if (left !== undefined) return blame(left)
    first ??= seq
    head = { seq, hash: lineHash(seen.bytes) }
    before = seen
    records += 1
    if (signedBySeq.get(seq)?.every(({ hash }) => hash === head.hash) === true) signed = seq
  }

  function startSuspect(line: SeenLine): Suspect {
    const signedHash = (seq: number) => signedBySeq.get(seq)?.[0]?.hash
    return (suspect = suspectLine({ series, head, before, line, signedHash }))
  }

  /** What is wrong with the last record although the chain holds; the one behind it tells whether its bytes are right. */
  function faultOfLast(last: SeenLine, next?: SeenLine): Found | undefined {
    const due = signedBySeq.get(head.seq)?.find(({ hash }) => hash !== head.hash)
    if (due !== undefined && next === undefined)
      return {
        what: 'changed',
        at: last,
        seq: head.seq,
        detail: `record ${head.seq} is not the one that was signed at ${due.time}, or some before it, from ${signed + 1} on, were written anew`,
      }
    if (due !== undefined)
      return {
        what: 'rewritten',
        at: last,
        seq: signed + 1,
        lastSeq: head.seq,
        detail: `of the records ${signed + 1} to ${head.seq} some are not those that were signed at ${due.time}`,
      }
    return renamedFrom(last) === undefined ? undefined : renamed(last)
  }

  /** The last line may hold the record that is due, whose newline before it is gone. */
  function swallowed(last: SeenLine): Found | undefined {
    return swallows(last, head.seq + 1) ? changed(last, head.seq) : undefined
  }

  /** What signatures say of records that are not there. */
  function faultOfEnd(): Omit<Fault, 'series'> | undefined {
    const lastSigned = Math.max(0, ...signedBySeq.keys())
    const isThere = lastSigned <= head.seq
    if (isThere || (first === undefined && lastSigned <= droppedUpTo(dropped).seq)) return undefined
    const place = before?.place && { file: before.file, line: before.line, time: before.place.time }
    const isIncomplete = incompleteBytes > 0 && lastSigned === head.seq + 1
    const { time = '' } = signedBySeq.get(lastSigned)?.[0] ?? {}
    return {
      what: isIncomplete ? 'changed' : 'truncated',
      seq: head.seq + 1,
      lastSeq: lastSigned,
      ...place,
      detail: isIncomplete
        ? `record ${lastSigned}, signed at ${time}, is not whole`
        : `${missing(head.seq + 1, lastSigned)}, signed at ${time}`,
    }
  }

  function blame({ at, ...found }: Found): void {
    fault = {
      ...found,
      series,
      file: at.file,
      line: at.line,
      ...(at.place && { time: at.place.time }),
    }
  }

  function faultFound(): Found | undefined {
    if (suspect !== undefined) return suspect.found()
    const ofLast = before && (swallowed(before) ?? faultOfLast(before))
    return ofLast ?? (strays && startSuspect(strays.line).found())
  }

  function end(): SeriesReport {
    const found = fault === undefined ? faultFound() : undefined
    if (found !== undefined) blame(found)
    const atEnd = fault === undefined ? faultOfEnd() : undefined
    if (atEnd !== undefined) fault = { series, ...atEnd }
    const last = first === undefined ? undefined : head.seq
    return { series, records, first, last, unchained, incompleteBytes, signed, fault }
  }

  return { take, end }
}

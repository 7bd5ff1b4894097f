import type { Clock } from '../../clock.ts'
import { messageOf } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { placeOf } from '../audit/chain.ts'
import { auditSeries, type AuditSeries } from '../audit/keeper.ts'
import { readLines } from '../audit/lines.ts'
import { listAuditFiles } from '../audit/list-files.ts'
import { recordsDropped } from '../audit/own-entries.ts'
import { readRecords, type RecordBatch } from '../forward/read-records.ts'
import type { SeriesPlace } from '../forward/record.ts'
import { indexRow, type IndexRow } from './index-row.ts'

/** Where the index is kept: a store's `auditIndex` fits by shape. */
export interface IndexTarget {
  add(series: string, rows: readonly IndexRow[], next: SeriesPlace): Promise<void>
  place(series: string): Promise<SeriesPlace | undefined>
  removeBefore(series: string, seq: number, maxRows: number): Promise<number>
}

/** Makes the index by which the audit log is searched, out of its files, behind them. */
export interface AuditIndexer {
  /** There may be more to read. */
  wake(): void
  /** Reads what there is now; resolves when it is in the index, or cannot be. */
  caughtUp(): Promise<void>
  /** Whether everything that was there at the start is in the index. */
  readonly isComplete: boolean
  close(): Promise<void>
}

export interface AuditIndexerOptions {
  readonly directory: string
  readonly target: IndexTarget
  readonly clock: Clock
  /** Of the service `audit`. */
  readonly logger: Logger
}

/** So long entries are gathered for one write to the database, in milliseconds. */
const gatherMs = 500
/** And so long it waits after a failure, in milliseconds. */
const retryMs = 10_000
/** @limit none: rows of the audit log's index that are removed at once; the next ones follow */
const maxRemovedRows = 500

export function startAuditIndexer(options: AuditIndexerOptions): AuditIndexer {
  const { directory, target, clock, logger } = options
  const places = new Map<AuditSeries, SeriesPlace | undefined>()
  let due: Disposable | undefined
  let reading: Promise<void> | undefined
  let [isComplete, isClosed, isFailing] = [false, false, false]
  /** Whether something may have been kept that was not read. */
  let isBehind = true

  /** Undefined when there is nothing more. */
  async function readSome(series: AuditSeries): Promise<RecordBatch | undefined> {
    if (!places.has(series)) {
      places.set(series, await target.place(series))
      await removeGone(series)
    }
    const batch = await readRecords(directory, series, places.get(series))
    if (batch === undefined) return undefined
    await target.add(series, rowsOf(batch), batch.next)
    places.set(series, batch.next)
    if (batch.records.some(({ entry }) => entry.event === recordsDropped)) await removeGone(series)
    return batch
  }

  /** Rows of records whose files are gone go as well, some at a time: others ask the database meanwhile. */
  async function removeGone(series: AuditSeries): Promise<void> {
    const first = await firstSeq(directory, series)
    for (;;)
      if (isClosed || (await target.removeBefore(series, first, maxRemovedRows)) === 0) return
  }

  async function readAll(): Promise<void> {
    isBehind = false
    for (const series of auditSeries)
      for (;;) if (isClosed || (await readSome(series)) === undefined) break
    isComplete ||= !isClosed
  }

  async function read(): Promise<void> {
    due?.[Symbol.dispose]()
    due = undefined
    try {
      await readAll()
      isFailing = false
    } catch (error) {
      if (!isFailing && !isClosed)
        logger.error('the audit log cannot be indexed for searching', { error: messageOf(error) })
      isFailing = true
      isBehind = true
      arm(retryMs)
    }
  }

  function arm(afterMs: number): void {
    if (isClosed) return
    due ??= clock.schedule(afterMs, () => void run())
  }

  /** One at a time; who comes meanwhile gets the one behind it, which reads what there is then. */
  let next: Promise<void> | undefined
  function run(): Promise<void> {
    if (reading === undefined) {
      reading = read().finally(() => (reading = undefined))
      return reading
    }
    next ??= reading.then(() => {
      next = undefined
      return run()
    })
    return next
  }

  arm(0)
  return {
    wake() {
      isBehind = true
      arm(gatherMs)
    },
    caughtUp: () => (isClosed || (!isBehind && reading === undefined) ? Promise.resolve() : run()),
    get isComplete() {
      return isComplete
    },
    async close() {
      isClosed = true
      due?.[Symbol.dispose]()
      await reading
    },
  }
}

/** What no chain has is not found by a search: it has no number. */
function rowsOf({ series, records, offsets, next }: RecordBatch): readonly IndexRow[] {
  return records.flatMap(({ seq, line, entry }, index) => {
    if (seq === undefined) return []
    const [offset = 0, bytes] = [offsets[index], Buffer.byteLength(line)]
    return [indexRow(entry, { series, seq, file: next.file, offset, bytes })]
  })
}

/** The number of the oldest record that is kept; 1 where there is none. */
async function firstSeq(directory: string, series: AuditSeries): Promise<number> {
  for (const file of await listAuditFiles(directory)) {
    if (file.series !== series) continue
    for await (const lines of readLines(file.path)) {
      const first = lines.map(({ bytes }) => placeOf(bytes)?.seq).find((it) => it !== undefined)
      if (first !== undefined) return first
    }
  }
  return 1
}

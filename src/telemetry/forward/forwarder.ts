import type { Clock } from '../../clock.ts'
import { messageOf } from '../../errors.ts'
import { within } from '../../shutdown.ts'
import { auditSeries, type AuditKind, type AuditSeries } from '../audit/keeper.ts'
import { DeliveryError, type Delivery, type Destination } from './destination.ts'
import { pause } from '../../pause.ts'
import { readRecords, type RecordBatch } from './read-records.ts'
import type { Position, SeriesPlace } from './record.ts'
import { retryWaitMs } from './retry-wait.ts'

/** What a forwarder tells. */
export interface ForwardReport {
  /** The receiver has taken so many records. */
  taken(records: number): void
  failed(why: string): void
  /** So many were gone, or no records, before they could be sent. */
  dropped(records: number): void
}

export interface ForwarderOptions {
  /** The files of the audit log. */
  readonly directory: string
  readonly destination: Destination
  /** Undefined for all. */
  readonly kinds: ReadonlySet<AuditKind> | undefined
  readonly position: Position
  /** Keeps it, in one step; asked one after the other. */
  savePosition(position: Position): Promise<void>
  readonly report: ForwardReport
  readonly clock: Clock
  readonly random?: (() => number) | undefined
}

/** Sends the records of the audit log to one destination. */
export interface Forwarder {
  /** Up to where it is taken, in each series. */
  position(): Position
  /** When the oldest record was made that is on its way, in milliseconds since the epoch. */
  waitingSinceMs(): number | undefined
  /** Something was kept. Costs next to nothing. */
  wake(): void
  /** Sends what there is for so long, ends in order, and keeps its place. Called again it is the same call. */
  close(graceMs: number): Promise<void>
}

/** Records that come in a burst are sent together. */
const gatherMs = 200
/** Whoever keeps records without a word, as a command does while no gateway runs, is found out so often. */
const lookMs = 30_000
const saveMs = 1_000
/** Longest wait, after that for the receiver, for a disk that hangs, in milliseconds: what has no place is sent again. */
const endWaitMs = 3_000
/** @limit none: batches that a receiver has not surely taken; the next ones wait */
const maxUnconfirmed = 256

interface Sent {
  readonly series: AuditSeries
  readonly next: SeriesPlace
  readonly records: number
  readonly dropped: number
  readonly sinceMs: number | undefined
  isTaken: boolean
}

export function startForwarder(options: ForwarderOptions): Forwarder {
  const { directory, destination, kinds, report, clock, random = Math.random } = options
  const stopped = new AbortController()
  const abandoned = new AbortController()
  let taken: Position = options.position
  /** What the next batches are read from; ahead of `taken` by those of `sent`. */
  let reading: Position = taken
  let sent: Sent[] = []
  let failedSinceMs: number | undefined
  let failures = 0
  /** Why what was sent may be lost. */
  let lost: Error | undefined
  let news = Promise.withResolvers<void>()
  const saver = createSaver(options.savePosition, clock)

  function wake(): void {
    news.resolve()
  }

  /** Those of a series with something, beginning behind the one that was last. */
  let turn = 0
  async function nextBatch(): Promise<RecordBatch | undefined> {
    for (let step = 0; step < auditSeries.length; step += 1) {
      turn = (turn + 1) % auditSeries.length
      const series = auditSeries[turn] ?? auditSeries[0]
      const batch = await readRecords(directory, series, reading[series])
      if (batch !== undefined) return batch
    }
    return undefined
  }

  async function send(batch: RecordBatch): Promise<void> {
    const wanted = batch.records.filter(({ entry }) => kinds?.has(entry.kind) ?? true)
    const sinceMs = wanted[0] && Date.parse(wanted[0].entry.time)
    failedSinceMs ??= sinceMs
    const { series, next, dropped } = batch
    // Whoever is asked how far behind it is counts from here.
    taken = { ...taken, [series]: taken[series] ?? batch.from }
    const nothing: Delivery = { taken: Promise.resolve() }
    const delivery =
      wanted.length === 0 ? nothing : await destination.send(wanted, abandoned.signal)
    reading = { ...reading, [series]: next }
    failedSinceMs = undefined
    const entry: Sent = { series, next, records: wanted.length, dropped, sinceMs, isTaken: false }
    sent.push(entry)
    delivery.taken.then(() => confirm(entry), lose)
    function lose(error: unknown): void {
      if (!sent.includes(entry)) return
      lost ??= error instanceof Error ? error : new Error(messageOf(error))
      wake()
    }
  }

  /** In their order: what comes before in its series is taken as well, or else is sent again with it. */
  function confirm(entry: Sent): void {
    entry.isTaken = true
    if (!sent.includes(entry)) return
    while (sent[0]?.isTaken === true) {
      const [first] = sent.splice(0, 1)
      if (first === undefined) return
      taken = { ...taken, [first.series]: first.next }
      if (first.dropped > 0) report.dropped(first.dropped)
      if (first.records > 0) {
        failures = 0
        report.taken(first.records)
      }
    }
    saver.save(taken)
    wake()
  }

  async function fail(error: unknown): Promise<void> {
    lost = undefined
    failedSinceMs = waitingSinceMs()
    sent = []
    reading = taken
    failures += 1
    report.failed(messageOf(error))
    const asked = error instanceof DeliveryError ? error.retryAfterMs : undefined
    await pause(asked ?? retryWaitMs(failures, random), clock, stopped.signal)
  }

  function waitingSinceMs(): number | undefined {
    const times = [failedSinceMs, ...sent.map(({ sinceMs }) => sinceMs)]
    const known = times.filter((timeMs) => timeMs !== undefined)
    return known.length === 0 ? undefined : Math.min(...known)
  }

  /** Until there may be something to do; rejects when what was sent may be lost. */
  async function rest(): Promise<void> {
    using _ = clock.schedule(lookMs, wake)
    await news.promise
    news = Promise.withResolvers()
    if (lost !== undefined) return
    await pause(gatherMs, clock, stopped.signal)
  }

  async function step(): Promise<'more' | 'nothing'> {
    if (lost !== undefined) throw lost
    if (sent.length >= maxUnconfirmed) return 'nothing'
    const batch = await nextBatch()
    if (batch === undefined) return 'nothing'
    await send(batch)
    return 'more'
  }

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        if ((await step()) === 'nothing') await rest()
      } catch (error) {
        if (!abandoned.signal.aborted) await fail(error)
      }
    }
    await flush()
  }

  /** Whatever fails now is sent after the next start. */
  async function flush(): Promise<void> {
    try {
      while (!abandoned.signal.aborted && (await step()) === 'more');
    } catch {
      // It is sent after the next start.
    }
  }

  async function end(graceMs: number): Promise<void> {
    stopped.abort()
    wake()
    await within(graceMs, running)
    abandoned.abort()
    await within(endWaitMs, endNow())
  }

  async function endNow(): Promise<void> {
    await destination.close()
    await running
    saver.save(taken)
    await saver.close()
  }

  let closing: Promise<void> | undefined
  const running = run()
  return {
    position: () => taken,
    waitingSinceMs,
    wake,
    close: (graceMs) => (closing ??= end(graceMs)),
  }
}

/** Keeps a place at once, and then once a second at most. */
function createSaver(save: (position: Position) => Promise<void>, clock: Clock) {
  let latest: Position | undefined
  let due: Disposable | undefined
  let saving: Promise<void> = Promise.resolve()

  function saveNow(): void {
    due?.[Symbol.dispose]()
    due = undefined
    const position = latest
    latest = undefined
    // What was not kept is sent again after the next start.
    if (position !== undefined) saving = saving.then(() => save(position)).catch(() => undefined)
  }

  return {
    save(position: Position): void {
      latest = position
      due ??= clock.schedule(saveMs, saveNow)
    },
    close(): Promise<void> {
      saveNow()
      return saving
    },
  }
}

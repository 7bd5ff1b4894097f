import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../clock.ts'
import { messageOf } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { oneByOne } from '../../one-by-one.ts'
import { auditSeries, type AuditKind } from '../audit/keeper.ts'
import { listAuditFiles, type AuditFile } from '../audit/list-files.ts'
import { readSeriesEnd } from '../audit/series-end.ts'
import { cleanLine } from '../../terminal-text.ts'
import type { ForwardLag, ForwardMetrics } from '../forward-metrics.ts'
import type { Destination } from './destination.ts'
import { startForwarder, type Forwarder, type ForwardReport } from './forwarder.ts'
import { readPosition, writePosition } from './position-file.ts'
import type { WebhookTarget } from './post-webhook.ts'
import type { Position } from './record.ts'
import { createSyslogDestination, type SyslogTarget } from './syslog-destination.ts'
import { createWebhookDestination } from './webhook-destination.ts'

/** A destination as the operator wrote it. */
export interface ForwardSettings {
  /** Its place is kept under this name. */
  readonly name: string
  /** The same where it was made of the same: of its entry and the files that this names. */
  readonly fingerprint: string
  /** Undefined for all. */
  readonly kinds: ReadonlySet<AuditKind> | undefined
  readonly target:
    | ({ readonly kind: 'syslog' } & SyslogTarget)
    | ({ readonly kind: 'webhook' } & WebhookTarget)
}

/** How a destination is doing. */
export interface ForwardState extends ForwardLag {
  /** Why it fails, one line. */
  readonly problem: string | undefined
  readonly dropped: number
}

/** Sends the audit log on. Nobody waits for a destination. */
export interface Forwarding {
  /** Records were kept. */
  wake(): void
  /** Goes on with what is new; a destination that stays keeps its place, whatever else is said of it. */
  reload(settings: readonly ForwardSettings[]): void
  states(): Promise<readonly ForwardState[]>
  /** Sends what there is for so long; what is left is sent after the next start. */
  close(graceMs: number): Promise<void>
}

export interface ForwardingOptions {
  /** The files of the audit log. */
  readonly directory: string
  /** Where places are kept. */
  readonly positions: string
  readonly settings: readonly ForwardSettings[]
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: ForwardMetrics
}

/** Time that a destination which is changed has to take what is on its way, in milliseconds. */
const changeWaitMs = 2_000
/** How much is told of why a destination fails, in UTF-16 units. */
const problemLength = 500

interface Running {
  readonly settings: ForwardSettings
  readonly forwarder: Forwarder
  readonly report: StateReport
}

export function startForwarding(options: ForwardingOptions): Forwarding {
  const { directory, clock, logger, metrics } = options
  const running = new Map<string, Running>()
  // A change waits for the one before: two at once would have one place.
  const inTurn = oneByOne()
  let isClosed = false

  async function start(settings: ForwardSettings): Promise<void> {
    const { name, kinds } = settings
    const path = join(options.positions, `${name}.json`)
    const position = await placeOf(path, name)
    if (isClosed) return
    metrics.added(name)
    const report = createReport(name, options)
    const destination = destinationOf(settings, { clock, onTooLarge: () => report.dropped(1) })
    const forwarder = startForwarder({
      directory,
      destination,
      kinds,
      position,
      savePosition: (next) => writePosition(path, next),
      report,
      clock,
    })
    running.set(name, { settings, forwarder, report })
  }

  async function placeOf(path: string, destination: string): Promise<Position> {
    try {
      const position = await readPosition(path)
      if (position !== undefined) return position
      logger.warn('the place of a destination is lost: it gets everything again', { destination })
    } catch (error) {
      logger.warn('the place of a destination cannot be read: it gets everything again', {
        destination,
        error: messageOf(error),
      })
    }
    return {}
  }

  async function change(next: readonly ForwardSettings[]): Promise<void> {
    const fingerprints = new Map(next.map(({ name, fingerprint }) => [name, fingerprint]))
    const leaving = [...running].filter(
      ([name, { settings }]) => fingerprints.get(name) !== settings.fingerprint,
    )
    for (const [name] of leaving) running.delete(name)
    await Promise.all(leaving.map(([, { forwarder }]) => forwarder.close(changeWaitMs)))
    if (isClosed) return
    await Promise.all(next.filter(({ name }) => !running.has(name)).map(start))
  }

  const endOf = createSeriesEnds()
  async function endsOfSeries(): Promise<ReadonlyMap<string, number>> {
    const files = await listAuditFiles(directory)
    const ends = auditSeries.map(async (series) => {
      const end = await endOf(files.filter((file) => file.series === series))
      return [series, end] as const
    })
    return new Map(await Promise.all(ends))
  }

  async function states(): Promise<readonly ForwardState[]> {
    if (running.size === 0) return []
    // Between the list and the look a file may be gone: the next scrape knows.
    const ends = await endsOfSeries().catch(() => new Map<string, number>())
    return [...running].map(([name, { forwarder, report }]) => {
      const [position, sinceMs] = [forwarder.position(), forwarder.waitingSinceMs()]
      const behind = auditSeries.map((it) => (ends.get(it) ?? 0) - (position[it]?.seq ?? 0))
      return {
        name,
        ...report.state(),
        lagRecords: behind.reduce((sum, records) => sum + Math.max(0, records), 0),
        lagSeconds: sinceMs === undefined ? 0 : Math.max(0, clock.now() - sinceMs) / 1000,
      }
    })
  }

  const asked = { states: undefined as Promise<readonly ForwardState[]> | undefined }
  /** Who asks at one time gets one look. */
  function statesOnce(): Promise<readonly ForwardState[]> {
    asked.states ??= states().finally(() => (asked.states = undefined))
    return asked.states
  }

  void inTurn(() => change(options.settings))
  metrics.countLag(statesOnce)
  return {
    wake() {
      for (const { forwarder } of running.values()) forwarder.wake()
    },
    reload: (settings) => void inTurn(() => change(settings)),
    states: statesOnce,
    async close(graceMs) {
      isClosed = true
      const all = [...running.values()]
      await Promise.all(all.map(({ forwarder }) => forwarder.close(graceMs)))
      await inTurn(() => Promise.resolve())
    },
  }
}

/**
 * The last number of a series, read again when its last file is another or has grown: of what an earlier release has
 * written, without numbers, all is read for it.
 */
function createSeriesEnds(): (files: readonly AuditFile[]) => Promise<number> {
  const known = new Map<string, number>()
  return async (files) => {
    const last = files.at(-1)
    if (last === undefined) return 0
    const key = `${last.name} ${(await stat(last.path)).size}`
    const seq = known.get(key) ?? (await readSeriesEnd(files)).head.seq
    for (const old of known.keys()) if (old.startsWith(`${last.series}-`)) known.delete(old)
    known.set(key, seq)
    return seq
  }
}

function destinationOf(
  { target }: ForwardSettings,
  options: { readonly clock: Clock; onTooLarge(): void },
): Destination {
  return target.kind === 'syslog'
    ? createSyslogDestination(target, options)
    : createWebhookDestination(target, options)
}

type StateReport = ForwardReport & {
  state(): Pick<ForwardState, 'isFailing' | 'problem' | 'dropped'>
}

/** Counts, and says once that a destination fails and once that it works again. */
function createReport(
  destination: string,
  { logger, metrics }: Pick<ForwardingOptions, 'logger' | 'metrics'>,
): StateReport {
  let problem: string | undefined
  let droppedRecords = 0
  return {
    taken(records) {
      metrics.taken(destination, records)
      if (problem !== undefined) logger.info('audit log is forwarded again', { destination })
      problem = undefined
    },
    failed(given) {
      metrics.failed(destination)
      // There may be names of a certificate in it, as many as its maker liked.
      const why = cleanLine(given, problemLength)
      if (problem === undefined)
        logger.warn('audit log cannot be forwarded', {
          destination,
          why,
          hint: 'it is tried again; records are kept until the audit log itself lets go of them',
        })
      problem = why
    },
    dropped(records) {
      droppedRecords += records
      metrics.dropped(destination, records)
      logger.error('audit records will never be forwarded', { destination, records })
    },
    state: () => ({ isFailing: problem !== undefined, problem, dropped: droppedRecords }),
  }
}

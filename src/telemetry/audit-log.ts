import { systemClock } from '../clock.ts'
import type { Clock } from '../clock.ts'
import type { LogFields, Logger } from '../log.ts'
import { escapeJson } from '../terminal-text.ts'
import type { AccessSession } from './access-fields.ts'
import { auditSeries } from './audit/keeper.ts'
import type { AuditKeeper, AuditKind, AuditSeries, KeptHow } from './audit/keeper.ts'
import { entriesLost, ownEntry } from './audit/own-entries.ts'
import { redactFields } from './redact.ts'

/** One thing that must be provable afterwards. Never a token, cookie or secret. */
export interface AuditEntry {
  readonly kind: AuditKind
  /** What happened, in the past tense: `signed in`, `sign-in failed`, `service account revoked`. */
  readonly event: string
  /** Who did it, or whom it was done to; a session of `identity/` fits by shape. Undefined for a stranger. */
  readonly session?: AccessSession | undefined
  /** The address it came from. */
  readonly ip?: string | undefined
  readonly userAgent?: string | undefined
  readonly requestId?: string | undefined
  /** What else there is to say, under names in kebab case. */
  readonly details?: LogFields | undefined
}

/**
 * The proof of who signed in, what was decided and what was changed. An entry is kept in the state
 * directory first and then written to the log, so that a line the log's reader never took is no lost
 * proof.
 */
export interface AuditLog {
  /**
   * Keeps an entry and then calls `say`, which writes its log line; by default one of the service
   * `audit` with everything in it. Never waits and never throws.
   */
  record(entry: AuditEntry, say?: () => void): void
  /** Resolves when all entries so far are kept and said, or cannot be; those that come later are not waited for. */
  flushed(): Promise<void>
}

export interface AuditLogOptions {
  /** The logger of the service `audit`. */
  readonly logger: Logger
  /** Undefined keeps nothing: lines are written at once. */
  readonly keeper?: AuditKeeper | undefined
  readonly clock?: Clock | undefined
  /** Entries could not be kept. */
  readonly onLost?: ((entries: number) => void) | undefined
}

/**
 * Most that waits for the disk, in UTF-16 code units.
 *
 * @limit audit entries that wait for a slow disk: more are logged and counted, and not kept
 */
const maxWaitingLength = 4 * 1024 * 1024
/** From then on it is said that entries wait for the disk, and their log lines with them, in milliseconds. */
const slowDiskMs = 5_000
/** Most entries of one step, so that their log lines do not hold up the event loop. */
const batchEntries = 100

const tampered: Readonly<Record<Exclude<KeptHow, 'kept'>, string>> = {
  'kept-elsewhere': 'audit entries were removed or moved away',
  changed: 'audit entries were changed by somebody else',
}

interface Waiting {
  /** Undefined where somebody waits for those before it, and nothing is kept. */
  readonly series: AuditSeries | undefined
  readonly line: string
  readonly say: () => void
}

/** Opens the audit log. */
export function createAuditLog(options: AuditLogOptions): AuditLog {
  const { logger, keeper, clock = systemClock, onLost } = options
  const waiting: Waiting[] = []
  let waitingLength = 0
  let working: Promise<void> | undefined
  /** Entries lost of each series since keeping them failed, of which no record tells; none while all is well. */
  const lost = new Map<AuditSeries, number>()

  function lose(series: AuditSeries, entries: number, error: unknown): void {
    onLost?.(entries)
    if (lost.size === 0) {
      const hint = 'see to the space and the permissions of the state directory'
      logger.error('audit entries are not kept', { error, hint })
    }
    lost.set(series, (lost.get(series) ?? 0) + entries)
  }

  /** A record of the chain says how many are missing before it. */
  function tellLost(series: AuditSeries, told: number): void {
    if (told === 0) return
    const more = (lost.get(series) ?? 0) - told
    if (more > 0) lost.set(series, more)
    else lost.delete(series)
    logger.warn('audit entries are kept again', { series, lost: told })
  }

  async function keep(
    store: AuditKeeper,
    series: AuditSeries,
    lines: readonly string[],
  ): Promise<void> {
    const told = lost.get(series) ?? 0
    const own = told === 0 ? [] : [ownEntry(clock.now(), entriesLost, { 'at-most': told })]
    if (lines.length + own.length === 0) return
    using _ = clock.schedule(slowDiskMs, () =>
      logger.error('audit entries wait for the disk', {
        hint: 'see to the disk of the state directory',
      }),
    )
    try {
      const how = await store.append(series, [...own, ...lines])
      if (how !== 'kept') logger.warn(tampered[how], { series })
      tellLost(series, told)
    } catch (error) {
      if (lines.length > 0) lose(series, lines.length, error)
    }
  }

  async function keepBatch(store: AuditKeeper): Promise<void> {
    const batch = waiting.splice(0, batchEntries)
    waitingLength -= batch.reduce((sum, { line }) => sum + line.length, 0)
    for (const series of auditSeries) {
      const lines = batch.filter((entry) => entry.series === series).map(({ line }) => line)
      await keep(store, series, lines)
    }
    for (const { say } of batch) say()
  }

  async function work(store: AuditKeeper): Promise<void> {
    while (waiting.length > 0) await keepBatch(store)
    working = undefined
  }

  return {
    record(entry, say) {
      const fields = fieldsOf(entry)
      const sayIt = say ?? (() => logger.info(entry.event, { kind: entry.kind, ...fields }))
      if (keeper === undefined) return sayIt()
      const line = lineOf(entry, fields, clock.now())
      if (waitingLength + line.length > maxWaitingLength) {
        lose(seriesOf(entry), 1, new Error('the disk is too slow'))
        return sayIt()
      }
      waitingLength += line.length
      waiting.push({ series: seriesOf(entry), line, say: sayIt })
      working ??= work(keeper)
    },
    // Not until nothing waits any more, which a busy gateway may never see.
    flushed: () =>
      working === undefined
        ? Promise.resolve()
        : new Promise((say) => void waiting.push({ series: undefined, line: '', say })),
  }
}

function seriesOf({ kind, session }: AuditEntry): AuditSeries {
  const isOfTunnel = kind === 'decision' || kind === 'tunnel' || kind === 'cut'
  if (isOfTunnel) return session === undefined ? 'strangers' : 'decisions'
  return session === undefined && kind !== 'admin' ? 'strangers' : 'people'
}

/** The names are those of the access line. */
function fieldsOf({ session, ip, userAgent, requestId, details }: AuditEntry): LogFields {
  const isPerson = session?.kind === 'person'
  return {
    user: isPerson ? session.userId : undefined,
    email: isPerson ? session.email : undefined,
    provider: isPerson ? session.provider : undefined,
    'session-id': isPerson ? session.id : undefined,
    'service-account-id': session?.kind === 'service-account' ? session.userId : undefined,
    ip,
    'user-agent': userAgent,
    'request-id': requestId,
    ...details,
  }
}

function lineOf({ kind, event }: AuditEntry, fields: LogFields, nowMs: number): string {
  const time = new Date(nowMs).toISOString()
  return escapeJson(JSON.stringify({ time, kind, event, ...redactFields(fields) }))
}

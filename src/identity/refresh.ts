import type { Clock } from '../clock.ts'
import { AccessError, SystemError, messageOf } from '../errors.ts'
import type { LogFields, Logger } from '../log.ts'
import { createRateLimit } from './rate-limit.ts'
import type { RowChange, SessionFacts, SessionRecord, Store, Stored } from '../store/store.ts'
import { changesBetween } from './person.ts'
import { createLineLimit } from '../line-limit.ts'
import type { ProviderFailures } from './provider-failures.ts'
import { signInMarkOf } from './provider-session.ts'
import type { TokenSet } from './provider.ts'
import type { Providers } from './providers.ts'
import { rewriteSession } from './rewrite-session.ts'
import { toSession } from './session.ts'
import type { Session } from './session.ts'

/** Takes what no request caused: one entry for each session that changed or ended. */
export type SessionAudit = (event: string, session: Session, details: LogFields) => void

export interface RefreshOptions {
  readonly store: Store
  readonly providers: Pick<Providers, 'all' | 'of'>
  readonly clock: Clock
  readonly log: Logger
  readonly audit: SessionAudit
  readonly providerFailures: ProviderFailures
  readonly refreshIntervalMs: number
  /** Names this process to the others that have the store. */
  readonly holder: string
}

/**
 * Ends a session that the provider no longer stands by, unless it was written meanwhile: whoever signed in
 * again has new tokens, and some providers take back the former ones then. Resolves to whether it has.
 */
export type EndRefused = (
  session: Pick<Stored<SessionFacts>, 'id' | 'revision'>,
) => Promise<boolean>

/** A session that its provider is being asked about, because it is due or because nobody would have asked yet. */
interface Running {
  readonly provider: string
  readonly why: 'due' | 'question'
  readonly done: Promise<void>
}

/** What is written of a session that is asked about; each answers it as it is there now. */
interface Keeping {
  /** Tokens that came before and could not be written: the token that they came for is spent. */
  readonly unkept: TokenSet | undefined
  /** Writes a record back; undefined when it has moved meanwhile. */
  keep(next: Stored<SessionRecord>, change: RowChange): Promise<Stored<SessionRecord> | undefined>
  /**
   * Writes tokens that came for those it had, whatever else is written meanwhile: a session that is prolonged
   * has still the token that is spent. Undefined when it has others, or has ended.
   */
  keepTokens(tokens: TokenSet): Promise<Stored<SessionRecord> | undefined>
}

export interface Refresher {
  /** Starts with what is due; resolves when as much as may run at a time does. */
  start(): Promise<void>
  /**
   * Asks about one session now, or joins those who ask. Resolves to whether it was asked: false beyond
   * the limits. Never rejects.
   */
  askNow(session: Pick<SessionFacts, 'id' | 'provider'>): Promise<boolean>
  /** Forgets what is known of a session besides the store: it has ended. */
  forget(id: string): void
  close(): Promise<void>
}

/**
 * A provider that is down keeps every session waiting, each with a line of its own.
 *
 * @limit log lines a minute about sessions that could not be refreshed: one line counts the rest
 */
const maxKeptLinesPerMinute = 10
/** @limit none: sessions that one provider is asked about at once */
const maxConcurrentRefreshes = 8
/**
 * @limit sessions that one provider is asked about at once because a refusal rests on old claims: the
 * refusal stands
 */
const maxConcurrentQuestions = 8
/**
 * A client that is refused may come back at once, and again.
 *
 * @limit questions about one session because a refusal rests on old claims, in 30 seconds: the
 * refusal stands
 */
const maxQuestionsPerSession = 1
const questionWindowMs = 30_000
/** @limit questions to one provider for that reason, a minute: the refusal stands */
const maxQuestionsPerMinute = 300
/** @limit none: sessions whose questions are counted; the oldest is forgotten */
const maxCountedSessions = 10_000
/** @limit none: providers whose questions are counted: more than are configured */
const maxCountedProviders = 1000
/**
 * Far longer than a provider is waited for. Another gateway asks about the session at the earliest then, when
 * this one has ended in the middle.
 *
 * @limit none: how long a session is one gateway's to ask about
 */
const leaseMs = 180_000
/**
 * Each is of a session whose refresh token is spent, and that would end if its provider were asked by that again.
 *
 * @limit sessions whose new tokens the store could not take: of others no provider is asked until it takes some
 */
const maxUnkept = 1000
const firstRetryMs = 5000
/** @limit none: wait before a provider that is down is asked again */
const maxRetryMs = 300_000
/** A provider whose access tokens last seconds is not asked more often than this. */
const minRefreshGapMs = 1000

/**
 * When the provider must be asked about a session again: after the interval, or when the access token
 * ends if that is sooner.
 *
 * Without a refresh token the access token is all there is to ask with: once it has ended, the
 * session stays as it is until its own end.
 */
export function refreshDueAt(
  record: SessionRecord,
  nowMs: number,
  refreshIntervalMs: number,
): number {
  const intervalEndMs = nowMs + refreshIntervalMs
  if (record.refreshToken !== undefined) {
    const tokenEndMs = record.accessTokenExpiresAtMs ?? Infinity
    return Math.max(Math.min(intervalEndMs, tokenEndMs), nowMs + minRefreshGapMs)
  }
  return canBeAsked(record, intervalEndMs) ? intervalEndMs : record.expiresAtMs
}

/** Asks the provider about sessions that are due, a few at a time, and keeps what it says. */
export function createRefresher(options: RefreshOptions, endRefused: EndRefused): Refresher {
  const { store, clock, log, providers } = options
  const running = new Map<string, Running>()
  const failures = new Map<string, number>()
  /** What a full disk or a lost database had no place for, by session. */
  const unkept = new Map<
    string,
    { readonly spent: string | undefined; readonly tokens: TokenSet }
  >()
  const keptLines = createLineLimit(clock, maxKeptLinesPerMinute, (sessions) =>
    log.warn('more sessions not refreshed, kept as they are', { sessions }),
  )
  /** Counted for each provider: while one does not answer, the sessions of the others are asked about. */
  const asked = (provider: string, why: Running['why']): number =>
    [...running.values()].filter((it) => it.provider === provider && it.why === why).length
  let filling = Promise.resolve()
  let isClosed = false

  const fillFor = async (provider: string): Promise<void> => {
    const isFull = (): boolean => isClosed || asked(provider, 'due') >= maxConcurrentRefreshes
    if (isFull()) return
    const maxListed = maxConcurrentRefreshes + running.size
    for (const { id } of await store.sessions.listDue(provider, clock.now(), maxListed)) {
      if (isFull()) return
      if (!running.has(id)) running.set(id, { provider, why: 'due', done: run(id) })
    }
  }
  const fill = async (): Promise<void> => {
    for (const { id } of providers.all) await fillFor(id)
  }
  const start = (): Promise<void> => {
    filling = filling.then(fill).catch((error: unknown) => {
      log.error('sessions that are due cannot be listed', { error: messageOf(error) })
    })
    return filling
  }

  /** Never rejects. After a fault of the store it is the next sweep that goes on, not this. */
  const run = async (id: string, isDue = isDueNow): Promise<void> => {
    try {
      const isMine = await alone(id, () => refresh(id, isDue))
      running.delete(id)
      // What is another gateway's now is looked for by the next sweep.
      if (isMine) void start()
    } catch (error) {
      running.delete(id)
      log.error('session not refreshed', { error: messageOf(error) })
    }
  }

  /** False, and nothing done, while another gateway asks about this session: a refresh token is good once. */
  const alone = async (id: string, work: () => Promise<void>): Promise<boolean> => {
    const lease = { name: `refresh ${id}`, holder: options.holder }
    const nowMs = clock.now()
    if (!(await store.leases.take({ ...lease, untilMs: nowMs + leaseMs }, nowMs))) return false
    try {
      await work()
    } finally {
      await store.leases.release(lease.name, lease.holder)
    }
    return true
  }

  const isDueNow = ({ refreshDueAtMs }: SessionRecord): boolean => refreshDueAtMs <= clock.now()

  /** A session whose tokens somebody else has written rests on nothing any more. */
  const read = async (id: string): Promise<Stored<SessionRecord> | undefined> => {
    try {
      return await store.sessions.get(id)
    } catch (error) {
      if (!(error instanceof SystemError) || error.code !== 'stored-token-unreadable') throw error
      const facts = await store.sessions.getFacts(id)
      if (facts === undefined) return undefined
      const event = 'session ended: its stored tokens were changed from outside'
      if (await endRefused(facts)) options.audit(event, toSession(facts), { error: error.message })
      return undefined
    }
  }

  const refresh = async (id: string, isDue: typeof isDueNow): Promise<void> => {
    // Read again: since it was listed another round may have spent its refresh token, and asking
    // with a spent one would end the session.
    const due = await read(id)
    if (!due || !isDue(due)) return
    const earlier = unkept.get(id)
    if (earlier === undefined && unkept.size >= maxUnkept) return
    let latest = due
    const keep: Keeping['keep'] = async (next, change) => {
      const revision = await store.sessions.update(next, change)
      if (revision === undefined) return undefined
      latest = { ...next, revision }
      return latest
    }
    const keepTokens: Keeping['keepTokens'] = async (tokens) => {
      unkept.set(id, { spent: due.refreshToken, tokens })
      const done = await rewriteSession(store.sessions, id, (record) =>
        record.refreshToken === due.refreshToken
          ? { next: withTokens(record, tokens, clock.now()), change: 'kept' }
          : undefined,
      )
      unkept.delete(id)
      if (done !== undefined) latest = done.after
      return done?.after
    }
    try {
      const isOfThis = earlier?.spent === due.refreshToken
      await ask(options, due, { keep, keepTokens, unkept: isOfThis ? earlier?.tokens : undefined })
      failures.delete(id)
    } catch (error) {
      if (!(error instanceof AccessError)) throw error
      if (isClosed) return
      if (isOver(error, latest)) {
        const event = 'session ended: the provider refused to refresh it'
        if (await endRefused(latest))
          options.audit(event, toSession(latest), { error: error.message })
      } else {
        const { provider } = due
        options.providerFailures.report(error, provider, { during: 'refresh', ...whose(due) })
        await keep({ ...latest, refreshDueAtMs: retryAtMs(latest, error) }, 'kept')
      }
    }
  }

  const retryAtMs = (record: SessionRecord, { code, message }: AccessError): number => {
    const count = (failures.get(record.id) ?? 0) + 1
    failures.set(record.id, count)
    const fullMs = firstRetryMs * 2 ** (count - 1)
    const retryMs = Math.min(fullMs, maxRetryMs, options.refreshIntervalMs)
    const fields = { ...whose(record), reason: code, error: message, 'retry-ms': retryMs }
    if (keptLines.admits()) log.warn('session not refreshed, kept as it is', fields)
    return clock.now() + retryMs
  }

  const perSession = createRateLimit({
    maxEvents: maxQuestionsPerSession,
    windowMs: questionWindowMs,
    maxKeys: maxCountedSessions,
    clock,
  })
  const perProvider = createRateLimit({
    maxEvents: maxQuestionsPerMinute,
    windowMs: 60_000,
    maxKeys: maxCountedProviders,
    clock,
  })

  return {
    start,
    async askNow({ id, provider }) {
      const underWay = running.get(id)
      if (underWay === undefined) {
        if (isClosed || asked(provider, 'question') >= maxConcurrentQuestions) return false
        if (perSession.isReached(id) || perProvider.isReached(provider)) return false
        perSession.count(id)
        perProvider.count(provider)
        const done = run(id, (record) => canBeAsked(record, clock.now()))
        running.set(id, { provider, why: 'question', done })
        await done
      } else await underWay.done
      return true
    },
    forget(id) {
      failures.delete(id)
      unkept.delete(id)
    },
    async close() {
      isClosed = true
      await filling
      await Promise.all([...running.values()].map(({ done }) => done))
      // A round that ended just now may have begun to look for more.
      await filling
    },
  }
}

/** How log lines name the person of a session. */
function whose({ id, userId, email }: SessionRecord): LogFields {
  return { user: userId, email, 'session-id': id }
}

/**
 * Whether the provider has taken back what the session rests on, rather than failed to answer. An
 * access token that is refused counts when there is nothing else to ask with: see `canBeAsked`.
 */
function isOver({ code }: AccessError, { refreshToken }: SessionRecord): boolean {
  return code === 'grant-refused' || (code === 'token-refused' && refreshToken === undefined)
}

/** One session's round: new tokens, then claims. Throws whatever the provider's part of it throws. */
async function ask(
  options: RefreshOptions,
  due: Stored<SessionRecord>,
  { keep, keepTokens, unkept }: Keeping,
): Promise<void> {
  const { providers, clock, refreshIntervalMs, audit } = options
  const provider = providers.of(due)
  // Of a provider that is configured no more: it is removed, and nobody else has its tokens.
  if (provider === undefined) return
  if (!canBeAsked(due, clock.now())) {
    await keep({ ...due, refreshDueAtMs: due.expiresAtMs }, 'kept')
    return
  }
  // Kept before anything else is asked: a provider that rotates refresh tokens takes each one once.
  const current =
    due.refreshToken === undefined
      ? due
      : await keepTokens(unkept ?? (await provider.refresh(due.refreshToken, due.userId)))
  if (current === undefined) return
  const { accessToken = '', idToken, userId } = current
  const claims = await provider.claims({ accessToken, idToken }, userId)
  const person = provider.personOf(claims)
  const nowMs = clock.now()
  const next = { ...current, ...person, refreshedAtMs: nowMs }
  const refreshDueAtMs = refreshDueAt(next, nowMs, refreshIntervalMs)
  const changes = changesBetween(current, person)
  const change = changes.length === 0 ? 'kept' : 'changed'
  const isThere = (await keep({ ...next, refreshDueAtMs }, change)) !== undefined
  if (isThere && change === 'changed') audit('session changed', toSession(next), { changes })
}

/**
 * Without a refresh token, only while the access token is known to live: a refusal then means that it
 * was taken back, not that it ended while this gateway was down.
 */
function canBeAsked(record: SessionRecord, nowMs: number): boolean {
  return record.refreshToken !== undefined || nowMs < (record.accessTokenExpiresAtMs ?? 0)
}

/** A session with the tokens of a refresh, or of a further sign-in. What those do not give stays as it was. */
export function withTokens(
  record: Stored<SessionRecord>,
  { accessTokenLifeMs: lifeMs, ...tokens }: TokenSet,
  nowMs: number,
): Stored<SessionRecord> {
  return {
    ...record,
    accessToken: tokens.accessToken,
    accessTokenExpiresAtMs: lifeMs === undefined ? undefined : nowMs + lifeMs,
    // A refresh may leave out both (RFC 6749 §6, OIDC Core §12.2), and some providers give the one at the first
    // sign-in alone.
    refreshToken: tokens.refreshToken ?? record.refreshToken,
    idToken: tokens.idToken ?? record.idToken,
    sid: signInMarkOf(tokens.idToken).sid ?? record.sid,
  }
}

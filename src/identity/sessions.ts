import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import { AccessError, messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import type {
  Change,
  SessionEndReason,
  SessionFacts,
  SessionRecord,
  Store,
  Voucher,
} from '../store/store.ts'
import type { BlockedPeople } from './blocked-people.ts'
import { createMirror } from './mirror.ts'
import { signInMarkOf } from './provider-session.ts'
import type { ProviderFailures } from './provider-failures.ts'
import type { Providers, VouchedFor } from './providers.ts'
import { createRefresher, refreshDueAt } from './refresh.ts'
import type { SessionAudit } from './refresh.ts'
import { createRenewals, type Renewals } from './renewal.ts'
import { rewriteSession } from './rewrite-session.ts'
import { makeSessionId } from './session-id.ts'
import { toSession } from './session.ts'
import type { SignedIn } from './signed-in.ts'
import { createEndIfSignedOut } from './signed-out.ts'
import { createSessionUse } from './session-use.ts'
import type { Session } from './session.ts'

/** A session and the state it was in; compare with `version(id)` before relying on it later. */
export interface LiveSession {
  readonly session: Session
  readonly version: number
}

/** The sessions of this gateway, which alone writes them. */
export interface Sessions extends Renewals {
  /**
   * Ends as `replaced` what the person has beyond `maxSessionsPerUser` then, the longest unused first. Throws
   * `AccessError` `person-blocked`, `signed-out-meanwhile`.
   */
  create(signedIn: SignedIn): Promise<Session>
  /** Undefined for one that is unknown, ended or past its end. Throws `AccessError` `person-blocked`. */
  get(id: string): Promise<LiveSession | undefined>
  /**
   * Changes whenever the person's claims did; undefined once the session has ended, and for one that
   * `create` or `get` has not answered in this process.
   */
  version(id: string): number | undefined
  /**
   * Asks the provider about a session before it is due, within limits. Resolves to whether it was asked,
   * whatever came of that: `get` knows. Never rejects.
   */
  askProvider(session: Pick<Session, 'id' | 'provider'>): Promise<boolean>
  /** Says whose machine has the session from now on, once; false when there was none, or a machine has it. */
  nameDevice(
    id: string,
    machine: { readonly host: string; readonly address: string },
  ): Promise<boolean>
  /** False when there was none. */
  revoke(id: string, reason?: SessionEndReason): Promise<boolean>
  /** Newest first, without those past their end; of each the last use is known, here as in `all` and `page`. */
  list(filter?: { readonly userId?: string; readonly email?: string }): Promise<readonly Session[]>
  /** The same without a filter, a page at a time: however many there are, nobody waits for all of them. */
  all(): AsyncIterable<Session>
  /** Some more of `all`, after one of them that may have ended since; those that have `text` in their names. */
  page(
    maxSessions: number,
    options: { readonly after?: Pick<Session, 'id' | 'issuedAtMs'>; readonly text?: string },
  ): Promise<readonly Session[]>
  /** How many `all` would answer; of those that have `text` in their names. */
  count(text?: string): Promise<number>
  onEnded(listener: (id: string, reason: SessionEndReason) => void): Disposable
  onChanged(listener: (id: string) => void): Disposable
  /** Stops asking the provider; resolves when nothing is under way. */
  close(): Promise<void>
}

export interface SessionsOptions {
  readonly store: Store
  readonly providers: Providers
  readonly clock: Clock
  readonly log: Logger
  readonly audit: SessionAudit
  readonly providerFailures: ProviderFailures
  /** How long a session lasts after its sign-in. */
  readonly sessionLifeMs: number
  /** The provider is asked about every session at least this often. */
  readonly refreshIntervalMs: number
  /** 0 for any number. */
  readonly maxSessionsPerUser: number
  /** Whether a session is in use although nobody asks for it. */
  readonly hasTunnel: (sessionId: string) => boolean
  /** **Default:** nobody is blocked */
  readonly blockedPeople?: Pick<BlockedPeople, 'check'> | undefined
}

/** @limit none: sessions that one question to the store answers where all are listed */
const sessionsPerPage = 500
/** @limit none: how often expired sessions are looked for */
const maxSweepIntervalMs = 5000
const sweepLease = 'remove expired'
/** How long another gateway waits for the one that removes the expired, in milliseconds: some sweeps. */
const sweepLeaseMs = 30_000

/**
 * Makes the sessions over a store, and keeps them true: a timer removes the expired and asks the
 * provider again about those that are due, so that live tunnels hear of a change although nobody
 * connects.
 */
export function createSessions(options: SessionsOptions): Sessions {
  const { store, clock, log, providers } = options
  const holder = randomUUID()
  const mirror = createMirror(async (id) => {
    const facts = await store.sessions.getFacts(id)
    return facts && toSession(facts)
  })
  const use = createSessionUse({ ...options, store: store.sessions })
  const withUse = (facts: SessionFacts): Session => ({
    ...toSession(facts),
    lastUsedAtMs: use.lastUsedAtMs(facts),
  })
  const endedListeners = new Set<(id: string, reason: SessionEndReason) => void>()
  const changedListeners = new Set<(id: string) => void>()
  const ended = (id: string, reason: SessionEndReason): void => {
    mirror.forget(id)
    use.forget(id)
    refresher.forget(id)
    for (const listener of endedListeners) listener(id, reason)
  }
  const changed = (id: string): void => {
    mirror.changed(id)
    for (const listener of changedListeners) listener(id)
  }
  /** Whoever wrote it: what ends a session here ends it nowhere else than by what the feed says. */
  const following = store.feed.onChanges((changes: readonly Change[]) => {
    for (const { kind, id, change, reason = 'revoked' } of changes) {
      if (kind !== 'session') continue
      if (change === 'ended') ended(id, reason)
      if (change === 'changed') changed(id)
      if (change === 'kept') mirror.kept(id)
    }
  })
  const revoke = (id: string, reason: SessionEndReason = 'revoked'): Promise<boolean> =>
    store.sessions.remove(id, reason)
  const refresher = createRefresher({ ...options, holder }, ({ id, revision }) =>
    store.sessions.remove(id, 'refresh-refused', revision),
  )
  /** Whoever a former provider vouched for has not been vouched for by one that there is now. */
  const isOurs = (facts: VouchedFor): boolean => providers.of(facts) !== undefined
  const isCurrent = (facts: VouchedFor & Pick<SessionFacts, 'expiresAtMs'>): boolean =>
    isOurs(facts) && facts.expiresAtMs > clock.now()
  const endIfSignedOut = createEndIfSignedOut({ store, clock, revoke })
  const vouchers = (): readonly Voucher[] =>
    providers.all.map(({ id: provider, issuer }) => ({ provider, issuer }))
  const renewals = createRenewals({ ...options, isCurrent, endIfSignedOut })
  let foreign: Promise<void> | undefined
  async function* pages(): AsyncGenerator<readonly SessionFacts[]> {
    let after: SessionFacts | undefined
    do {
      const page = await store.sessions.listPage(sessionsPerPage, after)
      yield page
      after = page.at(-1)
      await nextTurn()
    } while (after !== undefined)
  }
  const removeForeign = async (): Promise<void> => {
    for await (const page of pages())
      for (const { id } of page.filter((record) => !isOurs(record))) await revoke(id)
  }
  /** One gateway does it for all; another one once that has not been heard of for a while. */
  const mayRemoveExpired = (): Promise<boolean> => {
    const nowMs = clock.now()
    return store.leases.take({ name: sweepLease, holder, untilMs: nowMs + sweepLeaseMs }, nowMs)
  }
  const removeExpired = async (): Promise<void> => {
    await store.sessions.removeExpired(clock.now())
    await store.codes.removeExpired(clock.now())
    // Made for a machine that went away before it took them: nobody has their tokens.
    for (const id of await store.deviceCodes.removeExpired(clock.now())) await revoke(id)
  }
  const sweeper = startSweeper(options, async () => {
    try {
      // Before anything is refreshed: their tokens are no business of the providers there are now.
      foreign ??= removeForeign()
      await foreign.catch((error: unknown) => {
        foreign = undefined
        throw error
      })
      if (await mayRemoveExpired()) await removeExpired()
    } catch (error) {
      log.error('expired sessions cannot be removed', { error: messageOf(error) })
    }
    await refresher.start()
  })

  const endSurplusNow = async ({ id, userId }: SessionRecord): Promise<void> => {
    const max = options.maxSessionsPerUser
    const own = (await store.sessions.list({ userId })).filter(
      (it) => isOurs(it) && it.expiresAtMs > clock.now(),
    )
    // One made at the same moment has ended this one already: it is none too many.
    if (!own.some((it) => it.id === id)) return
    const others = own.filter((it) => it.id !== id)
    for (const surplus of max === 0 ? [] : use.beyond(max - 1, others)) {
      if (await revoke(surplus.id, 'replaced'))
        options.audit('session replaced', toSession(surplus), { max })
    }
  }

  async function endIfBlocked(record: SessionRecord): Promise<void> {
    try {
      options.blockedPeople?.check(record)
    } catch (error) {
      await revoke(record.id)
      throw error
    }
  }

  /** Whoever took the word back meanwhile has looked for the session before it was there, perhaps. */
  async function endIfUnvouched(record: SessionRecord): Promise<void> {
    const vouches = providers.get(record.provider)?.vouches
    if (vouches === undefined || (await vouches(record))) return
    await revoke(record.id)
    const hint = 'ask whoever runs this gateway'
    throw new AccessError('grant-refused', 'your account is disabled, or was reset', { hint })
  }

  let ending = Promise.resolve()
  /**
   * After the new one is there, so that of sign-ins at the same moment none stays uncounted, and one
   * after the other, so that they do not end each other's.
   */
  const endSurplus = (record: SessionRecord): Promise<void> => {
    ending = ending.catch(() => undefined).then(() => endSurplusNow(record))
    return ending
  }

  return {
    ...renewals,
    async create(signedIn) {
      const record = newRecord(signedIn, options)
      options.blockedPeople?.check(record)
      const session = toSession(record)
      const version = mirror.enter(record.id)
      await store.sessions.add(record).catch((error: unknown) => {
        mirror.forget(record.id)
        throw error
      })
      mirror.fill(record.id, version, session)
      // Whoever blocked them meanwhile has looked for their sessions before this one was there, perhaps.
      await endIfBlocked(record)
      await endIfSignedOut(record, record.idToken)
      await endIfUnvouched(record)
      use.mark(record.id)
      await endSurplus(record)
      return session
    },
    async get(id) {
      const found = await mirror.read(id)
      if (found === undefined) return undefined
      use.mark(id)
      const { row: session, version } = found
      if (!isCurrent(session)) return undefined
      options.blockedPeople?.check(session)
      return { session, version }
    },
    version: (id) => mirror.version(id),
    askProvider: (session) => refresher.askNow(session),
    async nameDevice(id, { host: device, address }) {
      const written = await rewriteSession(store.sessions, id, (record) =>
        record.device === undefined
          ? { next: { ...record, device, address, client: 'device' }, change: 'changed' }
          : undefined,
      )
      return written !== undefined
    },
    revoke,
    async list(filter) {
      const records = await store.sessions.list(filter)
      return records.filter(isCurrent).map(withUse)
    },
    async *all() {
      for await (const page of pages()) yield* page.filter(isCurrent).map(withUse)
    },
    async page(maxSessions, { after, text }) {
      const filter = { vouchers: vouchers(), nowMs: clock.now(), text }
      return (await store.sessions.listPage(maxSessions, after, filter)).map(withUse)
    },
    count: (text) => store.sessions.count(vouchers(), clock.now(), text),
    onEnded: (listener) => subscribe(endedListeners, listener),
    onChanged: (listener) => subscribe(changedListeners, listener),
    async close() {
      await Promise.all([sweeper.close(), refresher.close(), use.close()])
      following[Symbol.dispose]()
      // A store that is lost has lost its leases as well.
      await store.leases.release(sweepLease, holder).catch(() => undefined)
    },
  }
}

function newRecord(signedIn: SignedIn, options: SessionsOptions): SessionRecord {
  const { userId, provider, issuer, tokens, claims, device, address, client } = signedIn
  const person = options.providers.of(signedIn)?.personOf(claims)
  if (person === undefined) throw new Error(`no provider "${provider}" vouches for "${userId}"`)
  const nowMs = options.clock.now()
  const expiresAtMs = nowMs + options.sessionLifeMs
  const { accessToken, accessTokenLifeMs, refreshToken, idToken } = tokens
  const record: SessionRecord = {
    ...person,
    id: makeSessionId(),
    userId,
    provider,
    issuer,
    issuedAtMs: nowMs,
    expiresAtMs,
    refreshedAtMs: nowMs,
    refreshDueAtMs: expiresAtMs,
    accessToken,
    accessTokenExpiresAtMs: accessTokenLifeMs === undefined ? undefined : nowMs + accessTokenLifeMs,
    refreshToken,
    idToken,
    device,
    sid: signInMarkOf(idToken).sid,
    address,
    client,
  }
  return { ...record, refreshDueAtMs: refreshDueAt(record, nowMs, options.refreshIntervalMs) }
}

/** Calls `sweep` at once and then every few seconds, one call after the other. */
function startSweeper(
  { clock, refreshIntervalMs }: SessionsOptions,
  sweep: () => Promise<void>,
): { close(): Promise<void> } {
  const intervalMs = Math.min(maxSweepIntervalMs, refreshIntervalMs)
  let isWanted = false
  let running: Promise<void> | undefined
  const run = async (): Promise<void> => {
    while (isWanted) {
      isWanted = false
      await sweep()
    }
    running = undefined
  }
  let timer = clock.schedule(0, tick)
  function tick(): void {
    isWanted = true
    running ??= run()
    timer = clock.schedule(intervalMs, tick)
  }
  return {
    async close() {
      timer[Symbol.dispose]()
      isWanted = false
      await running
    },
  }
}

function subscribe<T>(listeners: Set<T>, listener: T): Disposable {
  listeners.add(listener)
  return { [Symbol.dispose]: () => void listeners.delete(listener) }
}

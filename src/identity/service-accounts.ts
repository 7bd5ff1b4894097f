import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'
import { oneByOne } from '../one-by-one.ts'
import type { ServiceAccountRecord, Store, Stored } from '../store/store.ts'
import { createMirror } from './mirror.ts'
import {
  busyFault,
  checkExpiry,
  checkNewServiceAccount,
  existsFault,
  expiredFault,
  inUseFault,
  maxServiceAccounts,
  notFoundFault,
  tooManyFault,
} from './service-account-request.ts'
import type { NewServiceAccount } from './service-account-request.ts'
import {
  newRecord,
  parseSessionId,
  sessionOf,
  toAccount,
  wholeSeconds,
} from './service-account-record.ts'
import type { ServiceAccount } from './service-account-record.ts'
import { hashSecret, makeSecret } from './service-account-secret.ts'
import type { CredentialFormat, PresentedCredential } from './service-account-secret.ts'
import type { ServiceAccountTokens } from './service-account-token.ts'
import type { LiveCaller, ServiceAccountSession } from './session.ts'

/** A credential at the only moment it is known. */
export interface NewCredential {
  readonly id: string
  readonly format: CredentialFormat
  /** The token, or the secret that goes with the id. */
  readonly credential: string
  readonly expiresAtMs: number | undefined
}

export interface Rotation {
  /** How long the credential before stays good, in milliseconds; 0 ends it at once. */
  readonly keepOldMs: number
  /** When the account expires from now on: `keep` for as before, undefined for never. */
  readonly expiresAtMs: number | 'keep' | undefined
}

/**
 * The service accounts of this gateway, which alone writes them. `admit` is called in the step in which one is written,
 * after whatever that waited for: it throws where whoever asks may not any more.
 */
export interface ServiceAccounts {
  /** Throws `PeerError` `service-account-exists`, `user-id-in-use`, `invalid-service-account-request`. */
  create(request: NewServiceAccount, admit?: () => void): Promise<NewCredential>
  /** Throws `PeerError` `service-account-not-found`, `service-account-expired`. */
  rotate(id: string, rotation: Rotation, admit?: () => void): Promise<NewCredential>
  /** Throws `PeerError` `service-account-not-found`. */
  revoke(id: string, admit?: () => void): Promise<void>
  /** By id, revoked ones included. */
  list(): Promise<readonly ServiceAccount[]>
  /** Whose credential this is; undefined when it is worthless, expired or revoked. */
  authenticate(presented: PresentedCredential): Promise<LiveCaller | undefined>
  /** The state now of a session that `authenticate` has answered. */
  session(sessionId: string): Promise<LiveCaller | undefined>
  /** Changes whenever that session did; undefined once it has ended. */
  version(sessionId: string): number | undefined
  /** Whether a person of this id would be taken for a service account. */
  isReserved(userId: string): Promise<boolean>
  onEnded(listener: (sessionId: string) => void): void
  onChanged(listener: (sessionId: string) => void): void
}

export interface ServiceAccountsOptions {
  readonly store: Pick<Store, 'serviceAccounts' | 'feed'>
  readonly tokens: ServiceAccountTokens
  readonly clock: Clock
  readonly log: Logger
  /** Whether somebody is signed in whom the provider knows by this id. */
  isSignedIn(userId: string): Promise<boolean>
}

const dayMs = 86_400_000
/** @limit writes of one service account that were overtaken in a row: the command is refused */
const maxRewrites = 5

export function createServiceAccounts(options: ServiceAccountsOptions): ServiceAccounts {
  const { tokens, clock, log } = options
  const store = options.store.serviceAccounts
  const mirror = createMirror((id) => store.get(id))
  /** The sessions of each account that somebody has asked for and that have not ended. */
  const sessionsOf = new Map<string, Set<string>>()
  const endedListeners = new Set<(sessionId: string) => void>()
  const changedListeners = new Set<(sessionId: string) => void>()
  /** Ids that are being taken: somebody who signs in meanwhile must see them. */
  const pending = new Set<string>()
  // Each reads before it writes.
  const exclusive = oneByOne()
  /** Of each account that was written, until its sessions have heard of it. */
  const announcing = new Map<string, Promise<void>>()

  function leave(id: string, sessionId: string): void {
    const sessions = sessionsOf.get(id)
    sessions?.delete(sessionId)
    if (sessions?.size === 0) sessionsOf.delete(id)
  }

  /** Says of each session whether it has ended or is another one now. */
  async function announce(id: string): Promise<void> {
    const found = await mirror.read(id).catch((error: unknown) => {
      log.error('a service account cannot be read', { error: messageOf(error) })
      return 'unknown' as const
    })
    for (const sessionId of sessionsOf.get(id) ?? []) {
      // Where nobody knows, whoever decides about it finds out, or cuts it.
      if (found === 'unknown' || isGood(sessionId, found?.row)) {
        for (const listener of changedListeners) listener(sessionId)
        continue
      }
      leave(id, sessionId)
      for (const listener of endedListeners) listener(sessionId)
    }
  }

  const isGood = (sessionId: string, record: ServiceAccountRecord | undefined): boolean =>
    record !== undefined &&
    sessionOf(record, parseSessionId(sessionId).secretHash, clock.now()) !== undefined

  options.store.feed.onChanges((changes) => {
    for (const { kind, id } of changes) {
      if (kind !== 'service-account') continue
      // At once, so that nothing opens by what was decided before.
      mirror.changed(id)
      if (!sessionsOf.has(id)) continue
      const before = announcing.get(id) ?? Promise.resolve()
      const done = before.then(() => announce(id))
      announcing.set(id, done)
      void done.finally(() => announcing.get(id) === done && announcing.delete(id))
    }
  })

  /** Only `announce` says that a session has ended: those who ask may know it first, and nobody would be told. */
  async function find(id: string, secretHash: string): Promise<Found | undefined> {
    const found = await mirror.read(id)
    const session = found && sessionOf(found.row, secretHash, clock.now())
    if (found === undefined || session === undefined) return undefined
    // Not before the read, since strangers make ids up; nor by what was overtaken, which opens nothing.
    if (found.version === mirror.version(id)) {
      const sessions = sessionsOf.get(id) ?? new Set()
      sessionsOf.set(id, sessions.add(session.id))
    }
    return { record: found.row, session, version: found.version }
  }

  async function current(id: string): Promise<Stored<ServiceAccountRecord>> {
    const record = await store.get(id)
    if (record !== undefined && record.revokedAtMs === undefined) return record
    const ids = (await store.list()).filter((it) => it.revokedAtMs === undefined)
    throw notFoundFault(
      id,
      ids.map((it) => it.id),
    )
  }

  /** Writes what `change` makes of an account; anew when somebody else has written it meanwhile. */
  async function rewrite(
    id: string,
    change: (old: ServiceAccountRecord) => ServiceAccountRecord,
    admit?: () => void,
  ): Promise<ServiceAccountRecord> {
    for (let attempt = 0; attempt < maxRewrites; attempt += 1) {
      const old = await current(id)
      const record = change(old)
      admit?.()
      if (await store.update({ ...record, revision: old.revision })) return record
    }
    throw busyFault(id)
  }

  async function reveal(record: ServiceAccountRecord, secret: string): Promise<NewCredential> {
    const { id, format, expiresAtMs, rotatedAtMs: issuedAtMs } = record
    const credential =
      format === 'jwt' ? await tokens.issue({ id, secret, issuedAtMs, expiresAtMs }) : secret
    return { id, format, credential, expiresAtMs }
  }

  async function add(record: ServiceAccountRecord, admit?: () => void): Promise<void> {
    const same = await store.get(record.id)
    if (same !== undefined && same.revokedAtMs === undefined) throw existsFault(record.id)
    if (await options.isSignedIn(record.id)) throw inUseFault(record.id)
    admit?.()
    if (same !== undefined) {
      if (!(await store.update({ ...record, revision: same.revision })))
        throw existsFault(record.id)
      return
    }
    const result = await store.add(record, maxServiceAccounts)
    if (result === 'full') throw tooManyFault()
    if (result === 'id-taken') throw existsFault(record.id)
  }

  /** Noted once a day, so that a use costs no write; a failure must not cost the tunnel. */
  function markUsed(record: Stored<ServiceAccountRecord>): void {
    const { id, lastUsedDayMs } = record
    const today = clock.now() - (clock.now() % dayMs)
    if (lastUsedDayMs === today) return
    store.markUsed(id, today).then(
      () => mirror.replace(id, record, { ...record, lastUsedDayMs: today }),
      (error: unknown) =>
        log.warn('the use of a service account cannot be noted', { error: messageOf(error) }),
    )
  }

  return {
    create: (request, admit) =>
      exclusive(async () => {
        const nowMs = clock.now()
        const expiresAtMs = wholeSeconds(request.expiresAtMs)
        checkNewServiceAccount({ ...request, expiresAtMs }, nowMs)
        const secret = makeSecret()
        const record = newRecord({ ...request, expiresAtMs }, secret, nowMs)
        pending.add(record.id)
        try {
          await add(record, admit)
        } finally {
          pending.delete(record.id)
        }
        return reveal(record, secret)
      }),
    rotate: (id, rotation, admit) =>
      exclusive(async () => {
        const nowMs = clock.now()
        let secret = ''
        const rotate = (before: ServiceAccountRecord): ServiceAccountRecord => {
          secret = makeSecret()
          return rotated(before, secret, rotation, nowMs)
        }
        const record = await rewrite(id, rotate, admit)
        await announcing.get(id)
        return reveal(record, secret)
      }),
    revoke: (id, admit) =>
      exclusive(async () => {
        const revoke = (before: ServiceAccountRecord): ServiceAccountRecord => ({
          ...before,
          secretHash: '',
          formerSecretHash: undefined,
          formerUntilMs: undefined,
          revokedAtMs: clock.now(),
        })
        await rewrite(id, revoke, admit)
        await announcing.get(id)
      }),
    list: async () => (await store.list()).map((record) => toAccount(record, clock.now())),
    async authenticate({ format, id, secret }) {
      const found = await find(id, hashSecret(format, secret))
      if (found === undefined) return undefined
      markUsed(found.record)
      return { session: found.session, version: found.version }
    },
    async session(sessionId) {
      const { id, secretHash } = parseSessionId(sessionId)
      const found = await find(id, secretHash)
      return found && { session: found.session, version: found.version }
    },
    version(sessionId) {
      const { id } = parseSessionId(sessionId)
      return sessionsOf.get(id)?.has(sessionId) ? mirror.version(id) : undefined
    },
    isReserved: async (userId) => pending.has(userId) || (await store.get(userId)) !== undefined,
    onEnded: (listener) => void endedListeners.add(listener),
    onChanged: (listener) => void changedListeners.add(listener),
  }
}

interface Found {
  readonly record: Stored<ServiceAccountRecord>
  readonly session: ServiceAccountSession
  readonly version: number
}

/** An account with another secret. Throws `PeerError` for an end that has passed. */
function rotated(
  old: ServiceAccountRecord,
  secret: string,
  { keepOldMs, expiresAtMs }: Rotation,
  nowMs: number,
): ServiceAccountRecord {
  const end = expiresAtMs === 'keep' ? old.expiresAtMs : wholeSeconds(expiresAtMs)
  if (expiresAtMs === 'keep' && end !== undefined && end <= nowMs) throw expiredFault(old.id)
  checkExpiry(end, nowMs)
  // It goes on neither beyond its own end nor beyond that of the account.
  const ends = [nowMs + keepOldMs, old.expiresAtMs, end].filter((it) => it !== undefined)
  const oldUntilMs = Math.min(...ends)
  const isKept = oldUntilMs > nowMs
  return {
    ...old,
    secretHash: hashSecret(old.format, secret),
    formerSecretHash: isKept ? old.secretHash : undefined,
    formerUntilMs: isKept ? oldUntilMs : undefined,
    rotatedAtMs: nowMs,
    expiresAtMs: end,
  }
}

import type { BlockedPeople } from './blocked-people.ts'
import type { Clock } from '../clock.ts'
import type { RowChange, SessionRecord, Store, Stored } from '../store/store.ts'
import { changesBetween, personOf } from './person.ts'
import type { ClaimNames } from './person.ts'
import { refreshDueAt, type SessionAudit } from './refresh.ts'
import { toSession, type Session } from './session.ts'
import type { SignedIn } from './signed-in.ts'

/**
 * A session that its person signs in to once more. It takes two steps, as a sign-in does: the provider
 * vouches for them in a browser, and whoever began it brings the code that leads to this end. The first
 * only says who they are now; the second prolongs. So an address that somebody else follows, lured by
 * whoever stole a token, prolongs nothing: the code does not come to the thief.
 */
export interface Renewals {
  /**
   * Keeps what the provider says of a session's person now, as a refresh does. Undefined, and nothing
   * kept, where the session has ended or is another person's. Throws `AccessError` `person-blocked`.
   */
  confirm(id: string, signedIn: SignedIn): Promise<Session | undefined>
  /**
   * Has a session last as long as one that began at that sign-in; never shorter than it does. Undefined
   * where it has ended. Throws `AccessError` `person-blocked`.
   */
  prolong(id: string, signedInAtMs: number): Promise<Session | undefined>
}

export interface RenewalParts {
  readonly store: Pick<Store, 'sessions'>
  readonly clock: Clock
  readonly audit: SessionAudit
  readonly claimNames: ClaimNames
  readonly sessionLifeMs: number
  readonly refreshIntervalMs: number
  readonly blockedPeople?: Pick<BlockedPeople, 'check'> | undefined
  isCurrent(record: SessionRecord): boolean
}

/**
 * Its refreshes and other renewals write the same session.
 *
 * @limit none: how often a renewal reads a session again that was written meanwhile; it is an ordinary sign-in then
 */
const maxAttempts = 20

interface Rewritten {
  readonly next: Stored<SessionRecord>
  readonly change: RowChange
}

export function createRenewals(parts: RenewalParts): Renewals {
  const { store, clock, audit, claimNames, sessionLifeMs, refreshIntervalMs } = parts

  /** Reads, judges and writes in one: whatever is written in between is judged again. */
  async function rewrite(
    id: string,
    write: (record: Stored<SessionRecord>) => Rewritten | undefined,
  ): Promise<{ readonly before: SessionRecord; readonly after: SessionRecord } | undefined> {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const before = await store.sessions.get(id)
      if (before === undefined || !parts.isCurrent(before)) return undefined
      parts.blockedPeople?.check(before)
      const written = write(before)
      if (written === undefined) return undefined
      const revision = await store.sessions.update(written.next, written.change)
      if (revision !== undefined) return { before, after: written.next }
    }
    return undefined
  }

  return {
    async confirm(id, { userId, issuer, tokens, claims }) {
      const person = personOf(claims, claimNames)
      const done = await rewrite(id, (record) => {
        if (record.userId !== userId || record.issuer !== issuer) return undefined
        const nowMs = clock.now()
        const { accessTokenLifeMs: lifeMs, ...kept } = tokens
        const next = {
          ...record,
          ...person,
          ...kept,
          // Some providers give one at the first sign-in alone.
          refreshToken: kept.refreshToken ?? record.refreshToken,
          accessTokenExpiresAtMs: lifeMs === undefined ? undefined : nowMs + lifeMs,
          refreshedAtMs: nowMs,
        }
        const refreshDueAtMs = refreshDueAt(next, nowMs, refreshIntervalMs)
        const change = changesBetween(record, person).length === 0 ? 'kept' : 'changed'
        return { next: { ...next, refreshDueAtMs }, change }
      })
      if (done === undefined) return undefined
      const changes = changesBetween(done.before, person)
      const session = toSession(done.after)
      if (changes.length > 0) audit('session changed', session, { changes })
      return session
    },
    async prolong(id, signedInAtMs) {
      const done = await rewrite(id, (record) => {
        const expiresAtMs = Math.max(record.expiresAtMs, signedInAtMs + sessionLifeMs)
        return { next: { ...record, expiresAtMs }, change: 'changed' }
      })
      return done && toSession(done.after)
    },
  }
}

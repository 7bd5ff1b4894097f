import type { BlockedPeople } from './blocked-people.ts'
import type { Clock } from '../clock.ts'
import type { SessionRecord, Store } from '../store/store.ts'
import { changesBetween } from './person.ts'
import type { Providers } from './providers.ts'
import { refreshDueAt, withTokens, type SessionAudit } from './refresh.ts'
import { rewriteSession } from './rewrite-session.ts'
import { toSession, type Session } from './session.ts'
import type { EndIfSignedOut } from './signed-out.ts'
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
   * kept, where the session has ended or is another person's. Throws `AccessError` `person-blocked`,
   * `signed-out-meanwhile`.
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
  readonly providers: Pick<Providers, 'of'>
  readonly sessionLifeMs: number
  readonly refreshIntervalMs: number
  readonly blockedPeople?: Pick<BlockedPeople, 'check'> | undefined
  isCurrent(record: SessionRecord): boolean
  readonly endIfSignedOut: EndIfSignedOut
}

export function createRenewals(parts: RenewalParts): Renewals {
  const { store, clock, audit, providers, sessionLifeMs, refreshIntervalMs } = parts

  /** Of a session that is there, and of somebody who may have one. */
  const rewrite: typeof rewriteSession = (sessions, id, write) =>
    rewriteSession(sessions, id, (record) => {
      if (!parts.isCurrent(record)) return undefined
      parts.blockedPeople?.check(record)
      return write(record)
    })

  return {
    async confirm(id, signedIn) {
      const { userId, provider, issuer, tokens, claims } = signedIn
      const person = providers.of(signedIn)?.personOf(claims)
      if (person === undefined) return undefined
      const done = await rewrite(store.sessions, id, (record) => {
        const isSame = record.userId === userId && record.provider === provider
        if (!isSame || record.issuer !== issuer) return undefined
        const nowMs = clock.now()
        const next = { ...withTokens(record, tokens, nowMs), ...person, refreshedAtMs: nowMs }
        const refreshDueAtMs = refreshDueAt(next, nowMs, refreshIntervalMs)
        const change = changesBetween(record, person).length === 0 ? 'kept' : 'changed'
        return { next: { ...next, refreshDueAtMs }, change }
      })
      if (done === undefined) return undefined
      await parts.endIfSignedOut(done.after, tokens.idToken)
      const changes = changesBetween(done.before, person)
      const session = toSession(done.after)
      if (changes.length > 0) audit('session changed', session, { changes })
      return session
    },
    async prolong(id, signedInAtMs) {
      const done = await rewrite(store.sessions, id, (record) => {
        const expiresAtMs = Math.max(record.expiresAtMs, signedInAtMs + sessionLifeMs)
        return { next: { ...record, expiresAtMs }, change: 'changed' }
      })
      return done && toSession(done.after)
    },
  }
}

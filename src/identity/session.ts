import type { SessionFacts, SessionRecord } from '../store/store.ts'

/** A signed-in person, as the gateway sees them: the record without the provider's tokens. */
export interface Session extends Omit<
  SessionRecord,
  'accessToken' | 'accessTokenExpiresAtMs' | 'refreshToken' | 'idToken'
> {
  readonly kind: 'person'
}

/** A service account, as the gateway sees it: in the shape of a session, with nothing a provider says. */
export interface ServiceAccountSession {
  readonly kind: 'service-account'
  /** Another one for each credential: a rotated credential is another session. Never logged. */
  readonly id: string
  /** The service account's id. */
  readonly userId: string
  readonly email: undefined
  readonly emailVerified: false
  readonly groups: readonly []
  readonly claims: Readonly<Record<string, never>>
  /** When its credential stops being good; undefined for never. */
  readonly expiresAtMs: number | undefined
}

/** Whoever may ask for a tunnel. */
export type AnySession = Session | ServiceAccountSession

/** Somebody and the state they were in; compare with the version of the same id later. */
export interface LiveCaller {
  readonly session: AnySession
  readonly version: number
  /** When the token ends by which a person is known: before their session, where that was renewed since. */
  readonly endsAtMs?: number
}

/** A session as whoever shows a token or a cookie of it has it: nothing that is made for those may outlast them. */
export function endingAt(session: Session, endsAtMs: number): Session {
  return { ...session, expiresAtMs: Math.min(session.expiresAtMs, endsAtMs) }
}

/** Copies a record without the provider's tokens: they never leave `identity/`. */
export function toSession(record: SessionFacts): Session {
  return {
    kind: 'person',
    id: record.id,
    userId: record.userId,
    email: record.email,
    emailVerified: record.emailVerified,
    name: record.name,
    groups: record.groups,
    claims: record.claims,
    provider: record.provider,
    issuer: record.issuer,
    issuedAtMs: record.issuedAtMs,
    expiresAtMs: record.expiresAtMs,
    refreshedAtMs: record.refreshedAtMs,
    refreshDueAtMs: record.refreshDueAtMs,
    device: record.device,
    address: record.address,
    client: record.client,
    lastUsedAtMs: record.lastUsedAtMs,
  }
}

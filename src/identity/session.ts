import type { SessionRecord } from '../store/store.ts'

/** A signed-in person, as the gateway sees them: the record without the provider's tokens. */
export type Session = Omit<
  SessionRecord,
  'accessToken' | 'accessTokenExpiresAtMs' | 'refreshToken' | 'idToken'
>

/** Copies a record without the provider's tokens: they never leave `identity/`. */
export function toSession(record: SessionRecord): Session {
  return {
    id: record.id,
    userId: record.userId,
    email: record.email,
    emailVerified: record.emailVerified,
    name: record.name,
    groups: record.groups,
    claims: record.claims,
    issuer: record.issuer,
    issuedAtMs: record.issuedAtMs,
    expiresAtMs: record.expiresAtMs,
    refreshedAtMs: record.refreshedAtMs,
    refreshDueAtMs: record.refreshDueAtMs,
    device: record.device,
  }
}

import type { SessionRecord } from '../store/store.ts'

/** A signed-in person, as the gateway sees them: the record without the provider's tokens. */
export type Session = Omit<SessionRecord, 'accessToken' | 'refreshToken' | 'idToken'>

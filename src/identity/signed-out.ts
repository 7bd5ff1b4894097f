import type { Clock } from '../clock.ts'
import { AccessError } from '../errors.ts'
import type { SessionEndReason, SessionFacts, Store } from '../store/store.ts'
import { signInMarkOf } from './provider-session.ts'

export interface SignedOutParts {
  readonly store: Pick<Store, 'providerLogouts'>
  readonly clock: Clock
  revoke(id: string, reason: SessionEndReason): Promise<boolean>
}

/** Ends a session that was just written by a sign-in which its provider took back while it was under way. */
export type EndIfSignedOut = (
  session: Pick<SessionFacts, 'id' | 'userId' | 'provider' | 'issuer'>,
  idToken: string | undefined,
) => Promise<void>

/**
 * What says that somebody is signed out at the provider may come between its word for them and the session that is made
 * of it, and finds no session then.
 *
 * Throws `AccessError` `signed-out-meanwhile`.
 */
export function createEndIfSignedOut({ store, clock, revoke }: SignedOutParts): EndIfSignedOut {
  return async ({ id, userId, provider, issuer }, idToken) => {
    const signIn = { provider, issuer, userId, ...signInMarkOf(idToken) }
    if (!(await store.providerLogouts.covers(signIn, clock.now()))) return
    await revoke(id, 'provider-logout')
    const text = 'you were signed out at the sign-in service while you signed in here'
    throw new AccessError('signed-out-meanwhile', text, { hint: 'sign in again' })
  }
}

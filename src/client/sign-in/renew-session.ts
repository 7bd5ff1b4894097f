import { createDialer } from '../../reach/dialer.ts'
import { createSendToGateway } from '../../reach/gateway-request.ts'
import { credentialsOf, type SignInOptions } from './credentials-of.ts'
import type { Credentials, Renewed } from './credentials.ts'
import { nobodyKnown } from './login.ts'
import { createSessionApi, type SessionApi, type TokenOwner } from './session-api.ts'

/**
 * What came of a renewal:
 *
 * - `prolonged`: the session goes on, and its tunnels with it
 * - `replaced`: there is another session; tunnels of the former one end when that does
 * - `unchanged`: it is the same session with the same end, as of a gateway that knows no renewal and whose
 *   browser is still signed in
 * - `elsewhere`: another process of this user has signed in meanwhile
 */
export type RenewalOutcome = 'prolonged' | 'replaced' | 'unchanged' | 'elsewhere'

export interface Renewal {
  readonly outcome: RenewalOutcome
  readonly token: string
  /** Without names when the gateway does not tell. */
  readonly owner: TokenOwner
}

/**
 * Has the person sign in again, so that the session of the token in the cache lasts as long once more, and
 * keeps the token that comes. Without a token that is still good it is an ordinary sign-in.
 *
 * @throws AccessError `sign-in-…`, UpstreamError `gateway-…`
 */
export async function renewSession(options: SignInOptions, signal: AbortSignal): Promise<Renewal> {
  const dialer = createDialer(options)
  const credentials = credentialsOf(options, dialer, signal)
  try {
    const sessions = createSessionApi(createSendToGateway(dialer))
    return await renewWith(credentials, sessions, signal)
  } finally {
    // A sign-in that was given up lets go of its lock.
    await credentials.idle()
  }
}

/** The same for whoever has credentials already. */
export async function renewWith(
  credentials: Credentials,
  sessions: Pick<SessionApi, 'ownerOf'>,
  signal: AbortSignal,
): Promise<Renewal> {
  const current = await credentials.current()
  const before = current === undefined ? undefined : await sessions.ownerOf(current, signal)
  const renewed = await credentials.prolong(current, signal)
  const { token } = renewed
  const owner = (await sessions.ownerOf(token, signal)) ?? nobodyKnown
  const isSame = token === current || isSameEnd(before, owner)
  return { outcome: outcomeOf(renewed, isSame), token, owner }
}

function outcomeOf({ isFresh, isProlonged }: Renewed, isSame: boolean): RenewalOutcome {
  if (!isFresh) return 'elsewhere'
  if (isProlonged) return 'prolonged'
  return isSame ? 'unchanged' : 'replaced'
}

/** To the millisecond: no two sign-ins of one person end so. */
function isSameEnd(before: TokenOwner | undefined, after: TokenOwner): boolean {
  if (before?.expiresAt === undefined) return false
  return before.userId === after.userId && before.expiresAt === after.expiresAt
}

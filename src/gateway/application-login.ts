import type { Caller } from '../access/caller.ts'
import { hostOfAuthority } from '../address.ts'
import { AccessError, messageOf } from '../errors.ts'
import { looksLikeApplicationToken } from '../identity/application-tokens.ts'
import { hasCredential } from '../identity/credential-headers.ts'
import { tokenFromHeaders } from '../identity/tokens.ts'
import type { Answer } from '../pages/answers/answer.ts'
import type { Route } from '../routes/route.ts'
import { requestIdHeader } from '../tunnel/headers.ts'
import type { ConnectRequest } from './connect-request.ts'
import type { GatewayParts } from './parts.ts'

// Stock clients open every tunnel without a word about who they are. Only a 302 to a login that they know
// makes them look for the token that they may have; at any other answer they give up, and show nothing of it.

/** How such a client begins, and no refusal: it comes again with its token. */
export class LoginFirstError extends AccessError {
  constructor() {
    super('sign-in-required', 'this application needs you to sign in')
  }
}

/**
 * Asks whoever shows nothing to sign in first, before any decision is made or logged.
 *
 * @throws LoginFirstError
 */
export function loginFirst(
  { atApplication, headers }: ConnectRequest,
  caller: Caller,
  route: Route,
  { foreseen, loginRedirect }: Pick<GatewayParts, 'foreseen' | 'loginRedirect'>,
): void {
  if (atApplication !== true || loginRedirect === undefined || hasCredential(headers)) return
  if (foreseen(caller, route).outcome === 'sign-in') throw new LoginFirstError()
}

/**
 * The redirect by which a stock client comes to sign in; undefined where it is refused as anybody is. One
 * whose kept token has come to its end throws it away then. A service token, or a token from elsewhere, is
 * refused: there is nothing that its client could do by itself.
 */
export function loginAnswer(
  error: unknown,
  { atApplication, authority, headers, requestId, path = '/' }: ConnectRequest,
  { applicationAt, loginRedirect }: Pick<GatewayParts, 'applicationAt' | 'loginRedirect'>,
): Answer | undefined {
  if (!(error instanceof AccessError) || error.code !== 'sign-in-required') return undefined
  const mayRedirect =
    error instanceof LoginFirstError || looksLikeApplicationToken(tokenFromHeaders(headers) ?? '')
  const host = hostOfAuthority(authority)
  const route = host === undefined ? undefined : applicationAt(host)
  if (atApplication !== true || !mayRedirect || loginRedirect === undefined) return undefined
  if (host === undefined || route === undefined) return undefined
  return {
    status: 302,
    headers: {
      ...loginRedirect({ host, route, target: path }),
      'content-length': '0',
      [requestIdHeader]: requestId,
    },
    body: '',
  }
}

/** Nobody is known by what was shown. */
const aboutCredentials: ReadonlySet<string> = new Set(['sign-in-required', 'credential-unknown'])

/** The same error with what was wrong with the credential, for the log: a stock client shows nothing of it. */
export async function explained(
  thrown: unknown,
  { atApplication, authority, headers }: ConnectRequest,
  gateway: Pick<GatewayParts, 'credentialFault'>,
): Promise<unknown> {
  if (!(thrown instanceof AccessError) || !aboutCredentials.has(thrown.code)) return thrown
  if (atApplication !== true || thrown instanceof LoginFirstError) return thrown
  let fault: string | undefined
  try {
    fault = await gateway.credentialFault(headers, authority)
  } catch (failure) {
    fault = messageOf(failure)
  }
  if (fault === undefined) return thrown
  return new AccessError(thrown.code, thrown.message, {
    hint: thrown.hint,
    cause: new Error(fault),
  })
}

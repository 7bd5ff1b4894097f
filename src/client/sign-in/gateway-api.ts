import { AccessError, PeerError } from '../../errors.ts'
import { decodeRefusal } from '../../tunnel/refusal.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import {
  decodeTokenAnswer,
  encodeTokenRequest,
  formatLoginPath,
  isRenewedAnswer,
  type LoginRequest,
} from '../../tunnel/sign-in.ts'
import type { GatewayDialer } from '../../reach/dialer.ts'
import type { GatewayAddress } from '../../reach/destination.ts'
import { createSendToGateway } from '../../reach/gateway-request.ts'
import type { HttpAnswer } from '../../reach/http-answer.ts'
import type { FreshToken } from './credentials.ts'

/** What the gateway answers outside of tunnels. */
export interface GatewayApi {
  /**
   * Asks where to sign in; with the token of a session that is to be prolonged by it.
   *
   * @throws AccessError `sign-in-failed`, PeerError `not-a-gateway`, UpstreamError
   */
  fetchSignInUrl(request: LoginRequest, signal: AbortSignal, renews?: string): Promise<string>
  /**
   * Exchanges the one-time code of a sign-in for its token.
   *
   * @throws AccessError `sign-in-failed`, UpstreamError
   */
  exchangeCode(code: string, codeVerifier: string, signal: AbortSignal): Promise<FreshToken>
}

/** Speaks to the gateway's own paths. */
export function createGatewayApi(dialer: GatewayDialer): GatewayApi {
  const { gateway } = dialer
  const send = createSendToGateway(dialer)
  return {
    async fetchSignInUrl(login, signal, token) {
      const answer = await send({ method: 'GET', path: formatLoginPath(login), token }, signal)
      if (answer.status === 404) throw nobodySignsIn(gateway)
      if (answer.status !== 200) throw signInFailed(answer, 'did not say where to sign in')
      return parseSignInUrl(answer.body, gateway)
    },
    async exchangeCode(code, codeVerifier, signal) {
      const body = encodeTokenRequest(code, codeVerifier)
      const answer = await send({ method: 'POST', path: gatewayPaths.token, body }, signal)
      const token = answer.status === 200 ? decodeTokenAnswer(answer.body) : undefined
      if (token === undefined) throw signInFailed(answer, 'gave no token for the sign-in')
      return { token, isProlonged: isRenewedAnswer(answer.body) }
    },
  }
}

/** A gateway without an identity provider has no such path, and says no more than that. */
function nobodySignsIn({ origin }: GatewayAddress): AccessError {
  return new AccessError('sign-in-failed', `nobody can sign in at "${origin}"`, {
    hint: 'its public routes, if it has any, need no sign-in: "postern routes list" shows them',
  })
}

/** The address goes to a program of the user's desktop, which might do more with it than browse. */
function parseSignInUrl(text: string, gateway: GatewayAddress): string {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url.href
  throw new PeerError(
    'not-a-gateway',
    `"${gateway.origin}" did not answer with a sign-in address`,
    {
      hint: 'check that a gateway listens there; "--gateway" names another, by its name or address',
    },
  )
}

/** What the gateway says about a sign-in that failed; our words, with `what`, where it says nothing. */
export function signInFailed(answer: HttpAnswer, what: string): AccessError {
  const refusal = decodeRefusal(answer.body)
  const words = refusal?.message || `the gateway ${what} (status ${answer.status})`
  const requestId = refusal?.requestId ? `, request id ${refusal.requestId}` : ''
  return new AccessError('sign-in-failed', words + requestId, { hint: refusal?.next || undefined })
}

import { PeerError } from '../../errors.ts'
import { createDialer } from '../../reach/dialer.ts'
import { createSendToGateway, type GatewayRequest } from '../../reach/gateway-request.ts'
import type { HttpAnswer } from '../../reach/http-answer.ts'
import { refusedBy, wantsSignIn } from '../../reach/refused.ts'
import {
  decodeAccessRequest,
  decodeAccessRequests,
  encodeAccessWish,
  type AccessRequestAnswer,
  type AccessWish,
} from '../../tunnel/access-request.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { credentialsOf, type SignInOptions } from '../sign-in/credentials-of.ts'
import { withToken } from '../sign-in/credentials.ts'

/**
 * Asks a gateway for access for a while, signing in when it wants that. Each throws RefusedError when the gateway says
 * no; AccessError `sign-in-…`; PeerError `not-a-gateway`; UpstreamError `gateway-…`.
 */
export interface AccessRequestClient {
  ask(wish: AccessWish): Promise<AccessRequestAnswer>
  /** One's own, the newest first: as many as one answer has. */
  list(): Promise<readonly AccessRequestAnswer[]>
  find(id: string): Promise<AccessRequestAnswer>
  /** Takes one back, or ends what it gave. */
  end(id: string): Promise<AccessRequestAnswer>
}

/**
 * Longest answer that is read, in bytes: 500 requests with all that is said in them.
 *
 * @limit the list of one's requests for access: an error that names the gateway
 */
const maxBodyBytes = 1024 * 1024

export function createAccessRequestClient(
  options: SignInOptions,
  signal: AbortSignal,
): AccessRequestClient {
  const { gateway } = options
  const dialer = createDialer(options)
  const send = createSendToGateway(dialer)

  async function asked<T>(
    request: Pick<GatewayRequest, 'method' | 'path' | 'body'>,
    decode: (body: string) => T | undefined,
  ): Promise<T> {
    const credentials = credentialsOf(options, dialer, signal)
    const whole = { ...request, type: 'application/json', maxBodyBytes }
    try {
      return await withToken(credentials, signal, async (token) => {
        const answer = await send({ ...whole, token }, signal)
        return wantsSignIn(answer) ? undefined : decoded(answer, decode)
      })
    } finally {
      // A sign-in that was given up lets go of its lock.
      await credentials.idle()
    }
  }

  function decoded<T>(answer: HttpAnswer, decode: (body: string) => T | undefined): T {
    const isSuccess = answer.status === 200 || answer.status === 201
    const value = isSuccess ? decode(answer.body) : undefined
    if (value !== undefined) return value
    const refused = isSuccess ? undefined : refusedBy(answer)
    if (refused !== undefined && refused.code !== 'page-not-found') throw refused
    throw new PeerError('not-a-gateway', `"${gateway.origin}" takes no requests for access`, {
      hint: 'it may be an earlier release: ask whoever runs it for access',
    })
  }

  const { requests } = gatewayPaths
  const one = (id: string): string => `${requests}/${encodeURIComponent(id)}`
  return {
    ask: (wish) =>
      asked({ method: 'POST', path: requests, body: encodeAccessWish(wish) }, decodeAccessRequest),
    list: () => asked({ method: 'GET', path: requests }, decodeAccessRequests),
    find: (id) => asked({ method: 'GET', path: one(id) }, decodeAccessRequest),
    end: (id) => asked({ method: 'POST', path: `${one(id)}/end`, body: '{}' }, decodeAccessRequest),
  }
}

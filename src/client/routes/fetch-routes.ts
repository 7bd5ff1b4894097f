import { PeerError } from '../../errors.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { decodeRefusal } from '../../tunnel/refusal.ts'
import { createDialer } from '../../reach/dialer.ts'
import type { GatewayAddress } from '../../reach/destination.ts'
import { credentialsOf, type SignInOptions } from '../sign-in/credentials-of.ts'
import { withToken } from '../sign-in/credentials.ts'
import { createSendToGateway } from '../../reach/gateway-request.ts'
import type { HttpAnswer } from '../../reach/http-answer.ts'
import { refusedError, wantsSignIn } from '../../reach/refused.ts'
import { decodeRoutes, type RoutesAnswer } from './routes-answer.ts'

/**
 * Longest answer that is read, in bytes: thousands of routes.
 *
 * @limit the list of routes: an error that names the gateway
 */
export const maxRoutesBytes = 8 * 1024 * 1024

/**
 * Asks a gateway, ours or a stock Pomerium, which routes somebody may use, signing in when it wants that.
 *
 * @throws RefusedError, AccessError `sign-in-…`, PeerError `not-a-gateway`, UpstreamError `gateway-…`
 */
export async function fetchRoutes(
  options: SignInOptions,
  signal: AbortSignal,
): Promise<RoutesAnswer> {
  const { gateway } = options
  const dialer = createDialer(options)
  const send = createSendToGateway(dialer)
  const credentials = credentialsOf(options, dialer, signal)
  try {
    return await withToken(credentials, signal, async (token) => {
      const request = {
        method: 'GET',
        path: gatewayPaths.routes,
        token,
        maxBodyBytes: maxRoutesBytes,
      } as const
      const answer = await send(request, signal)
      if (wantsSignIn(answer)) return undefined
      if (answer.status !== 200) throw refused(answer, gateway)
      return decodeRoutes(answer.body)
    })
  } finally {
    // A sign-in that was given up lets go of its lock.
    await credentials.idle()
  }
}

/** Statuses that say something about the person or the machine, whatever was asked for. */
const refusals: ReadonlySet<number> = new Set([403, 450, 495])

function refused(answer: HttpAnswer, { origin }: GatewayAddress): Error {
  if (refusals.has(answer.status)) return refusedError(answer, origin)
  const said = decodeRefusal(answer.body)
  const message = said?.message || `"${origin}" answered ${answer.status} for its routes`
  return new PeerError('not-a-gateway', message, {
    hint: said?.next || 'check that a gateway listens there',
  })
}

import type { TunnelRequest, Grant } from '../access/grant.ts'
import type { FreshGrants } from '../access/fresh-grant.ts'
import { AccessError } from '../errors.ts'
import type { Client } from '../net/client.ts'
import type { RequestHeaders } from '../request-headers.ts'
import type { GatewayParts } from './parts.ts'

/** Who asks for something that goes with a tunnel, and is none. */
export interface GrantRequest extends TunnelRequest {
  readonly headers: RequestHeaders
  readonly client: Client
  readonly signal: AbortSignal
}

/**
 * Calls `act` with the proof that whoever asks may have a tunnel now: decided as for a tunnel, and in one
 * step with the last look.
 *
 * @throws AccessError as `authorize` does, and RouteNotFoundError
 */
export type WithGrant = <Value>(
  request: GrantRequest,
  act: (grant: Grant) => Value,
) => Promise<Value>

export type WithGrantParts = Pick<
  GatewayParts,
  'identify' | 'askAgain' | 'matchRoute' | 'authorize'
> & { readonly freshGrants: FreshGrants }

export function createWithGrant(parts: WithGrantParts): WithGrant {
  const { identify, askAgain, matchRoute, authorize, freshGrants } = parts
  return async ({ headers, client, signal, ...request }, act) => {
    // Only browsers send it, and none of their pages has a reason to ask.
    if (headers.origin !== undefined) {
      throw new AccessError('origin-not-allowed', 'a web page may not ask for this', {
        hint: 'use "postern access", which sends no "Origin" header',
      })
    }
    const caller = await askAgain(
      await identify(headers, client, request.target),
      request.target,
      signal,
    )
    const route = matchRoute(request.target, caller)
    const grant = authorize(request, caller, { route, headers })
    return freshGrants.withFresh(grant, act)
  }
}

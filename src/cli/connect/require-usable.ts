import type { GatewayClient } from '../../client/gateway-client.ts'
import { hasDestination } from '../../client/gateways/find-route.ts'
import { fetchRoutes } from '../../client/routes/fetch-routes.ts'
import { PeerError } from '../../errors.ts'
import { abandon } from '../../net/abandon.ts'
import type { Voice } from '../speech/voice.ts'
import { signInOf, type AskedRoute, type RouteOptions } from './asked-route.ts'

/** Who asks, and what for. */
export interface Asking {
  readonly route: AskedRoute
  readonly client: GatewayClient
  readonly options: RouteOptions
  readonly voice: Voice
}

/**
 * Signs in where that is needed, and sees that a route may be used, without a connection to its service: an sshd counts
 * those that say nothing against whoever they come from, here the gateway (`PerSourcePenalties` of sshd_config(5)). A
 * route that the gateway does not list is tried all the same, so that it says itself what is wrong.
 *
 * @throws RefusedError, AccessError `sign-in-…`, UpstreamError `gateway-…`
 */
export async function requireUsable(asking: Asking, signal: AbortSignal): Promise<void> {
  if (await isListed(asking, signal)) return
  const tunnel = await asking.client.open(asking.route.authority, signal)
  abandon(tunnel, new Error('it was opened to see that it can be'))
}

async function isListed({ route, options, voice }: Asking, signal: AbortSignal): Promise<boolean> {
  const { gateway, target } = route
  try {
    const { routes } = await fetchRoutes(signInOf(route, options, voice), signal)
    return hasDestination(routes, target, gateway)
  } catch (error) {
    // An older gateway of another make has no such list.
    if (error instanceof PeerError) return false
    throw error
  }
}

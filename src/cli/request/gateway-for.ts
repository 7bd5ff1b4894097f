import { gatewayOfRequest } from '../../client/gateways/gateway-of-request.ts'
import { readAllKeptRoutes } from '../../client/gateways/kept-routes.ts'
import type { TrustFlags } from '../asking/ask-options.ts'
import {
  knownGateways,
  namedOf,
  namedOrDefault,
  withTrust,
  type AskedGateway,
} from '../asking/gateway-of.ts'
import { clientEnvironment } from '../process/environment.ts'
import type { Voice } from '../speech/voice.ts'

/**
 * The gateway that is asked for access to a route: the one that is named, or else one that has listed the route.
 *
 * @throws SystemError `invalid-gateway-url`, `gateway-unknown`, `gateway-missing`, `route-ambiguous`, `certificate-unreadable`
 */
export async function gatewayForRequest(
  route: string,
  options: TrustFlags & { readonly gateway?: string },
  voice: Voice,
): Promise<Pick<AskedGateway, 'gateway' | 'trust'>> {
  const all = await knownGateways(voice)
  const { cacheDirectory } = clientEnvironment()
  const listed = (origin: string) => readAllKeptRoutes(cacheDirectory, origin)
  const named = await namedOf(options.gateway, all)
  const found = named ?? (await gatewayOfRequest(route, all, listed))
  const meant = found ?? (await namedOrDefault(options.gateway, all, '--gateway'))
  return withTrust(meant, all, options, voice)
}

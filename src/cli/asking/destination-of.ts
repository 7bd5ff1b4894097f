import { chooseDestination } from '../../client/gateways/choose-destination.ts'
import type {
  ChosenDestination,
  DestinationSources,
} from '../../client/gateways/destination-sources.ts'
import type { ChosenGateway } from '../../client/gateways/choose-gateway.ts'
import type { KnownGateways } from '../../client/gateways/known-gateway.ts'
import type { Trust } from '../../reach/trust.ts'
import { clientEnvironment } from '../process/environment.ts'
import type { Voice } from '../speech/voice.ts'
import type { AskOptions } from './ask-options.ts'
import { knownGateways, namedBeside, trustFor, withTrust } from './gateway-of.ts'

/** What a command reaches, at which gateway, and whom to believe that it is it. */
export interface AskedDestination extends ChosenDestination {
  readonly trust: Trust
}

/**
 * What somebody has written as a destination: `host:port` in one of its forms, or the name of a route, for which the
 * gateway may be asked, with a sign-in. `gatewayText`: what `--gateway` says.
 *
 * @throws SystemError `invalid-destination`, `invalid-gateway-url`, `gateway-unknown`, `route-…`, `certificate-unreadable`;
 * AppError of a gateway that is asked
 */
export async function destinationOf(
  text: string,
  gatewayText: string | undefined,
  options: AskOptions,
  voice: Voice,
  how: Pick<DestinationSources, 'otherwise' | 'parse' | 'saysGateway'> = {},
): Promise<AskedDestination> {
  const all = await knownGateways(voice)
  const named = await namedBeside(gatewayText, all)
  const sources = { ...sourcesOf(all, options, voice), ...named, ...how }
  const destination = await chooseDestination(text, sources)
  const { authority } = destination
  return { authority, ...(await withTrust(destination, all, options, voice)) }
}

/** What is known of routes, and how they are asked for. */
function sourcesOf(
  all: KnownGateways,
  options: AskOptions,
  voice: Voice,
): Omit<DestinationSources, 'named'> {
  return {
    all,
    async keptRoutes(origin) {
      const { readKeptRoutes } = await import('../../client/gateways/kept-routes.ts')
      return readKeptRoutes(clientEnvironment().cacheDirectory, origin)
    },
    async askRoutes(gateway: ChosenGateway) {
      const { askRoutesAt } = await import('./ask-routes.ts')
      const trust = await trustFor(gateway, options, voice)
      return (await askRoutesAt({ ...gateway, trust }, options, voice)).routes
    },
  }
}

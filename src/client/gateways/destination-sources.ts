import type { Destination } from '../../reach/destination.ts'
import type { ChosenGateway } from './choose-gateway.ts'
import type { KeptRoute } from './kept-routes.ts'
import type { KnownGateways } from './known-gateway.ts'

/** What to ask for, whom, and what is remembered of it. */
export interface ChosenDestination extends ChosenGateway, Destination {}

/** What a destination is found by. */
export interface DestinationSources {
  readonly all: KnownGateways
  /** The gateway that is named beside the destination: it comes before everything. */
  readonly named: ChosenGateway | undefined
  /** The gateway that the environment names: what the command line says comes before it. */
  readonly usual?: ChosenGateway | undefined
  /** The routes that were seen last at an origin; asked for only where something depends on them. */
  keptRoutes(origin: string): Promise<readonly KeptRoute[] | undefined>
  /** The routes there are now, of whoever is signed in. */
  askRoutes(gateway: ChosenGateway): Promise<readonly KeptRoute[]>
  /** Which gateway is asked where nothing else says: the default one, or the own host. **Default:** the default one */
  readonly otherwise?: 'default' | 'own-host'
  /** Reads the text. **Default:** `parseDestination` */
  readonly parse?: (text: string) => Destination
  /** Whether it says itself which gateway is meant. **Default:** `namesGateway` */
  readonly saysGateway?: (own: Destination) => boolean
}

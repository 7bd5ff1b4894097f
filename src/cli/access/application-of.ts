import { parseApplication } from '../../client/applications/application.ts'
import type { Destination } from '../../reach/destination.ts'
import type { AskOptions } from '../asking/ask-options.ts'
import { destinationOf, type AskedDestination } from '../asking/destination-of.ts'
import type { Voice } from '../speech/voice.ts'

/** How applications are found: as cloudflared has it, an unknown one is at its own host. */
const how = {
  otherwise: 'own-host',
  // `HOST:PORT` is the port of its gateway.
  saysGateway: ({ gateway }: Destination) => gateway.port !== 443,
} as const

/**
 * The application that a host name means, or the route of that name, and its gateway: the one that is named, a remembered one
 * that has it, or its own host.
 *
 * @throws SystemError `invalid-hostname`, `invalid-gateway-url`, `gateway-unknown`, `route-…`, `certificate-unreadable`
 */
export function applicationOf(
  text: string,
  gatewayText: string | undefined,
  options: AskOptions,
  voice: Voice,
  parse: (text: string) => Destination = (host) => parseApplication(host),
): Promise<AskedDestination> {
  return destinationOf(text, gatewayText, options, voice, { ...how, parse })
}

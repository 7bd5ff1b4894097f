import { namedGateway } from '../../client/gateways/choose-gateway.ts'
import type { KnownGateways } from '../../client/gateways/known-gateway.ts'
import { parseGatewayUrl, type GatewayAddress } from '../../reach/destination.ts'
import { saysTrust } from '../connections/check-connection.ts'
import type { TrustSettings } from './links.ts'

/**
 * The gateway that somebody has typed: the remembered one of that name, or one at an address, which may be another of a
 * remembered one. Settings that say whom to trust are for the address that is named, and for a remembered gateway only by
 * its name.
 *
 * @throws SystemError `invalid-gateway-url`; `gateway-unknown` for what is nearly the name of one
 */
export async function gatewayNamed(
  text: string,
  trust: TrustSettings,
  remembered: KnownGateways,
): Promise<GatewayAddress> {
  const { gateway, alias } = await namedGateway(text, remembered)
  return alias !== undefined && saysTrust(trust) ? parseGatewayUrl(alias) : gateway
}

import { SystemError } from '../../errors.ts'
import { parseGatewayText, parseGatewayUrl, type GatewayAddress } from '../../reach/destination.ts'
import {
  defaultGateway,
  gatewayAt,
  type KnownGateway,
  type KnownGateways,
} from './known-gateway.ts'

/** A gateway to ask, and what is remembered of it. */
export interface ChosenGateway {
  readonly gateway: GatewayAddress
  /** Undefined for one that is not remembered. */
  readonly known: KnownGateway | undefined
  /**
   * The other address of it by which it was named: who vouches for that one does not vouch for the gateway, of which more
   * is remembered.
   */
  readonly alias?: string
}

/** A gateway that is remembered, at its one address. */
export function chosen(known: KnownGateway): ChosenGateway {
  return { gateway: parseGatewayUrl(known.url), known }
}

/** The gateway at an address: at the one address of the remembered one that it leads to, where there is one. */
export function chosenAt(gateway: GatewayAddress, all: KnownGateways): ChosenGateway {
  const known = gatewayAt(gateway.origin, all)
  return known === undefined ? { gateway, known } : chosenAs(known, gateway.origin)
}

/** A gateway that is remembered, and was named by one of its addresses. */
export function chosenAs(known: KnownGateway, origin: string): ChosenGateway {
  return known.url === origin ? chosen(known) : { ...chosen(known), alias: origin }
}

/**
 * What somebody has named: the name of a remembered gateway, or an address.
 *
 * @throws SystemError `invalid-gateway-url`; `gateway-unknown` for what is nearly the name of one
 */
export async function namedGateway(text: string, all: KnownGateways): Promise<ChosenGateway> {
  const named = all.gateways.find(({ name }) => name === text.trim())
  if (named !== undefined) return chosen(named)
  const at = chosenAt(parseGatewayText(text), all)
  if (at.known === undefined && isOneLabel(text)) await refuseMisspelt(text, all)
  return at
}

/** The default one; undefined where there is none. */
export function chosenDefault(all: KnownGateways): ChosenGateway | undefined {
  const known = defaultGateway(all)
  return known === undefined ? undefined : chosen(known)
}

/** The remembered gateway that has this host in one of its addresses, the default one before others. */
export function chosenByHost(host: string, all: KnownGateways): ChosenGateway | undefined {
  for (const known of defaultFirst(all)) {
    const named = [known.url, ...known.knownNames].find((url) => parseGatewayUrl(url).host === host)
    if (named !== undefined) return chosenAs(known, named)
  }
  return undefined
}

/** All that are remembered, the default one before others. */
export function defaultFirst(all: KnownGateways): readonly KnownGateway[] {
  const first = defaultGateway(all)
  return first === undefined
    ? all.gateways
    : [first, ...all.gateways.filter((one) => one !== first)]
}

function isOneLabel(text: string): boolean {
  return !/[.:/]/.test(text) && text.toLowerCase() !== 'localhost'
}

async function refuseMisspelt(text: string, { gateways }: KnownGateways): Promise<void> {
  const { didYouMean } = await import('../../spelling.ts')
  const hint = didYouMean(
    text,
    gateways.map(({ name }) => name),
  )
  if (hint === undefined) return
  throw new SystemError('gateway-unknown', `no gateway is remembered as "${text}"`, {
    hint: `${hint} a host of that name is written "https://${text}"`,
  })
}

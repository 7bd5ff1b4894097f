import { parseAuthority } from '../../address.ts'
import { AppError, SystemError } from '../../errors.ts'
import { namesGateway, parseDestination, type Destination } from '../../reach/destination.ts'
import {
  chosen,
  chosenAt,
  chosenByHost,
  chosenDefault,
  defaultFirst,
  type ChosenGateway,
} from './choose-gateway.ts'
import type { ChosenDestination, DestinationSources } from './destination-sources.ts'

/**
 * Which gateway is asked for what, in this order: the gateway that is named; the one that the destination says itself; the
 * one that the environment names; the remembered one whose own host it names; the remembered one among whose routes it is; the default one; the
 * destination's own host. What is no `host:port` is the name of a route.
 *
 * @throws SystemError `invalid-destination`, `invalid-gateway-url`, `route-…`; what `askRoutes` throws
 */
export async function chooseDestination(
  text: string,
  sources: DestinationSources,
): Promise<ChosenDestination> {
  const { all, usual, otherwise = 'default', parse = parseDestination } = sources
  const named = sources.named ?? usual
  const byName = { ...sources, named }
  if (otherwise === 'own-host' && /^[a-z0-9_-]+$/i.test(text)) {
    const { byKeptName } = await import('./by-route-name.ts')
    const found = await byKeptName(text, byName)
    if (found !== undefined) return found
  }
  let own: Destination
  try {
    own = parse(text)
  } catch (error) {
    if (!mayBeName(text, error) || (named ?? defaultFirst(all)[0]) === undefined) throw error
    const { byRouteName } = await import('./by-route-name.ts')
    return byRouteName(text.trim(), byName)
  }
  const at = (gateway: ChosenGateway): ChosenDestination => ({ ...own, ...gateway })
  const { saysGateway = () => namesGateway(text) } = sources
  if (sources.named === undefined && saysGateway(own)) return at(chosenAt(own.gateway, all))
  if (named !== undefined) return at(named)
  const target = parseAuthority(own.authority)
  const byHost = target && chosenByHost(target.host, all)
  if (byHost !== undefined) return at(byHost)
  const standard = otherwise === 'default' ? chosenDefault(all) : undefined
  // With the default one alone the answer is the same.
  const isOpen = all.gateways.length > (standard === undefined ? 0 : 1)
  const byRoutes = isOpen && target !== undefined ? await gatewayOfRoute(own, sources) : undefined
  return at(byRoutes ?? standard ?? chosenAt(own.gateway, all))
}

async function gatewayOfRoute(
  { authority }: Destination,
  { all, keptRoutes }: DestinationSources,
): Promise<ChosenGateway | undefined> {
  const target = parseAuthority(authority)
  if (target === undefined) return undefined
  const { hasDestination } = await import('./find-route.ts')
  for (const known of defaultFirst(all)) {
    const found = chosen(known)
    const routes = (await keptRoutes(found.gateway.origin)) ?? []
    if (hasDestination(routes, target, found.gateway)) return found
  }
  return undefined
}

/** Not everything that is wrong about a destination: an address with a slip in it is no name. */
function mayBeName(text: string, error: unknown): boolean {
  if (!(error instanceof AppError) || !(error instanceof SystemError)) return false
  return error.code.startsWith('invalid-') && /^[^\p{Cc}/?#]+$/u.test(text) && !/:\d*$/.test(text)
}

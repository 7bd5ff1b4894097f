import { parseAuthority } from '../../address.ts'
import {
  chosen,
  chosenByHost,
  chosenDefault,
  defaultFirst,
  type ChosenGateway,
} from './choose-gateway.ts'
import { ambiguous, hasDestination } from './find-route.ts'
import type { KeptRoute } from './kept-routes.ts'
import type { KnownGateways } from './known-gateway.ts'

/**
 * The gateway that a request for access goes to, where nobody names one: the one whose own host the destination has; the
 * default one, or the only other one that has listed the route when it was seen last; the default one. `text` is the
 * route's name, id or destination, and `listed` those that a gateway has listed, also to ask for. Undefined where nothing
 * says which.
 *
 * @throws SystemError `route-ambiguous` where several others have listed it
 */
export async function gatewayOfRequest(
  text: string,
  all: KnownGateways,
  listed: (origin: string) => Promise<readonly KeptRoute[]>,
): Promise<ChosenGateway | undefined> {
  const target = parseAuthority(text)
  const byHost = target && chosenByHost(target.host, all)
  if (byHost !== undefined) return byHost
  const standard = chosenDefault(all)
  const found: ChosenGateway[] = []
  for (const known of defaultFirst(all)) {
    const one = chosen(known)
    if (!isListed(text, await listed(one.gateway.origin), one)) continue
    if (known.name === standard?.known?.name) return standard
    found.push(one)
  }
  if (found.length > 1)
    throw ambiguous(
      text,
      found.map(({ known }) => `--gateway ${known?.name}`),
    )
  return found[0] ?? standard
}

function isListed(text: string, routes: readonly KeptRoute[], { gateway }: ChosenGateway): boolean {
  const target = parseAuthority(text)
  return (
    routes.some(({ name, id }) => name === text || id === text) ||
    (target !== undefined && hasDestination(routes, target, gateway))
  )
}

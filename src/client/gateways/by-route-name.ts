import { SystemError } from '../../errors.ts'
import { chosen, defaultFirst, type ChosenGateway } from './choose-gateway.ts'
import type { ChosenDestination, DestinationSources } from './destination-sources.ts'
import { ambiguous, authorityOfName, routeUnknown } from './find-route.ts'
import { defaultGateway } from './known-gateway.ts'

/**
 * The destination of the route that has this name, at the gateway that is named, at the default one, or at the only other
 * one that has it. The list that is kept is asked first; where it does not have the name the gateway is asked anew.
 *
 * @throws SystemError `route-unknown`, `route-ambiguous`, `route-unsupported`; what `askRoutes` throws
 */
export async function byRouteName(
  name: string,
  sources: DestinationSources,
): Promise<ChosenDestination> {
  const first = sources.named ?? firstOf(sources)
  const found = await amongKept(name, first, sources)
  if (found !== undefined) return found
  const elsewhere =
    sources.named === undefined ? await amongOthers(name, first, sources) : undefined
  if (elsewhere !== undefined) return elsewhere
  const now = await sources.askRoutes(first)
  const authority = authorityOfName(now, name, first.gateway)
  if (authority !== undefined) return { ...first, authority }
  throw routeUnknown(
    name,
    now.map((route) => route.name),
    first.known?.name ?? first.gateway.origin,
  )
}

/**
 * The same by the lists that are kept alone, without asking; undefined where no route has the name.
 *
 * @throws SystemError `route-ambiguous`, `route-unsupported`
 */
export async function byKeptName(
  name: string,
  sources: DestinationSources,
): Promise<ChosenDestination | undefined> {
  if (sources.named !== undefined) return amongKept(name, sources.named, sources)
  const known = defaultGateway(sources.all)
  const first = known && chosen(known)
  return (
    (first && (await amongKept(name, first, sources))) ?? (await amongOthers(name, first, sources))
  )
}

async function amongKept(
  name: string,
  at: ChosenGateway,
  sources: DestinationSources,
): Promise<ChosenDestination | undefined> {
  const kept = await keptOf(at, sources)
  const authority = kept && authorityOfName(kept, name, at.gateway)
  return authority === undefined ? undefined : { ...at, authority }
}

function firstOf({ all }: DestinationSources): ChosenGateway {
  const known = defaultGateway(all) ?? (all.gateways.length === 1 ? all.gateways[0] : undefined)
  if (known !== undefined) return chosen(known)
  throw new SystemError('gateway-missing', 'which gateway? none of them is the default', {
    hint: '"--gateway NAME" names one, "postern gateways use NAME" makes it the default',
  })
}

function keptOf({ gateway }: ChosenGateway, { keptRoutes }: DestinationSources) {
  return keptRoutes(gateway.origin)
}

/** Only by what is kept of them: one that is not meant is not asked. */
async function amongOthers(
  name: string,
  first: ChosenGateway | undefined,
  sources: DestinationSources,
): Promise<ChosenDestination | undefined> {
  const found: ChosenDestination[] = []
  for (const known of defaultFirst(sources.all)) {
    if (known.name === first?.known?.name) continue
    const other = chosen(known)
    const routes = (await keptOf(other, sources)) ?? []
    const authority = authorityOfName(routes, name, other.gateway)
    if (authority !== undefined) found.push({ ...other, authority })
  }
  if (found.length <= 1) return found[0]
  throw ambiguous(
    name,
    found.map(({ known, authority }) => `--gateway ${known?.name} ${authority}`),
  )
}

import { isIP } from 'node:net'
import type { NamedTunnel } from '../publish/named-tunnels.ts'
import type { NamedService } from '../links/cloudflared/unserved.ts'
import { hostsOf } from '../routes/from.ts'
import type { Route } from '../routes/route.ts'
import type { ConnectorWay, UpstreamWay } from '../routes/upstream-way.ts'

/** What routes would have a tunnel's connectors dial by name, each with the host it is asked for by. */
export function namedServicesOf(
  routes: readonly Pick<Route, 'from' | 'way'>[],
  tunnel: Pick<NamedTunnel, 'id' | 'name'>,
): readonly NamedService[] {
  return routes.flatMap(({ from, way }) => {
    const service = names(way, tunnel) ? way.service : undefined
    if (service === undefined || isIP(service.host) !== 0) return []
    return hostsOf(from).map((hostname) => ({ hostname, service }))
  })
}

/** The hosts of the routes and applications that name a tunnel, each once. */
export function hostsToward(
  routes: readonly Pick<Route, 'from' | 'way'>[],
  tunnel: Pick<NamedTunnel, 'id' | 'name'>,
): readonly string[] {
  const hosts = routes.flatMap(({ from, way }) => (names(way, tunnel) ? hostsOf(from) : []))
  return [...new Set(hosts)]
}

function names(
  way: UpstreamWay,
  { id, name }: Pick<NamedTunnel, 'id' | 'name'>,
): way is ConnectorWay {
  if (way.kind !== 'connector') return false
  return way.tunnel === id || way.tunnel?.toLowerCase() === name.toLowerCase()
}

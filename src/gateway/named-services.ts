import { isIP } from 'node:net'
import type { NamedTunnel } from '../publish/named-tunnels.ts'
import type { NamedService } from '../links/cloudflared/unserved.ts'
import { hostsOf } from '../routes/from.ts'
import type { Route } from '../routes/route.ts'

/** What routes would have a tunnel's connectors dial by name, each with the host it is asked for by. */
export function namedServicesOf(
  routes: readonly Pick<Route, 'from' | 'way'>[],
  { id, name }: Pick<NamedTunnel, 'id' | 'name'>,
): readonly NamedService[] {
  return routes.flatMap(({ from, way }) => {
    if (way.kind !== 'connector' || way.service === undefined) return []
    const { tunnel, service } = way
    const isIts = tunnel?.toLowerCase() === name.toLowerCase() || tunnel === id
    if (!isIts || isIP(service.host) !== 0) return []
    return hostsOf(from).map((hostname) => ({ hostname, service }))
  })
}

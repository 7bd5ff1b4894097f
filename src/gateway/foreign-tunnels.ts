import type { NamedTunnels } from '../publish/named-tunnels.ts'
import { siteOf, type Site } from '../publish/site.ts'
import { hostsOf } from '../routes/from.ts'
import type { NewRoute } from '../routes/route.ts'

/** A route whose host is in one site, and its tunnel in another. */
export interface ForeignTunnel {
  readonly host: string
  /** That of the host. */
  readonly site: string
  readonly tunnel: string
  /** That of the tunnel, whose publishers get what people send to the host. */
  readonly tunnelSite: string
}

/** Routes that an operator may have meant, and that hand what people of one site send to publishers of another. */
export function foreignTunnels(
  routes: readonly Pick<NewRoute, 'from' | 'way'>[],
  sites: readonly Site[],
  tunnels: Pick<NamedTunnels, 'find'>,
): readonly ForeignTunnel[] {
  return routes.flatMap(({ from, way }) => {
    if (way.kind !== 'connector' || way.tunnel === undefined) return []
    const found = tunnels.find(way.tunnel)
    if (found === undefined) return []
    return hostsOf(from).flatMap((host) => {
      const site = siteOf(sites, host)?.name
      if (site === undefined || site === found.site) return []
      return [{ host, site, tunnel: found.name, tunnelSite: found.site }]
    })
  })
}

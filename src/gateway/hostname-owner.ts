import type { HostnameOwner } from '../publish/hostname.ts'
import type { NamedTunnel } from '../publish/named-tunnels.ts'
import { siteOf, type Site } from '../publish/site.ts'
import { applicationPort } from '../routes/application-port.ts'
import { hostsOf } from '../routes/from.ts'
import type { Route } from '../routes/route.ts'
import type { RouteTable } from '../routes/table.ts'
import type { UpstreamWay } from '../routes/upstream-way.ts'

/**
 * To whom a host name belongs that a tunnel asks for; undefined where it may have it. A route that leads to
 * whoever registered the name, or to this very tunnel, leaves it free.
 */
export function hostnameOwner(
  routes: RouteTable,
  own: string,
  host: string,
  tunnel: NamedTunnel,
): HostnameOwner | undefined {
  if (host === own) return 'gateway'
  const others = routesOf(routes, host).find(({ way }) => !leadsTo(way, tunnel))
  if (others === undefined) return undefined
  return others.isApplication ? 'application' : 'route'
}

/** Whether some route leads to this tunnel by a host name that it has registered. */
export function leadsToTunnel(routes: RouteTable, host: string, tunnel: NamedTunnel): boolean {
  return routesOf(routes, host).some(({ way }) => leadsTo(way, tunnel))
}

/**
 * Whether a route for the hosts of another site leads to a tunnel of this name: whoever has the name gets what
 * people send there, and must be of that site.
 */
export function isMeantElsewhere(
  routes: RouteTable,
  sites: readonly Site[],
  { name, site }: Pick<NamedTunnel, 'name' | 'site'>,
): boolean {
  return routes.routes
    .filter(
      ({ way }) => way.kind === 'connector' && way.tunnel?.toLowerCase() === name.toLowerCase(),
    )
    .flatMap(({ from }) => hostsOf(from))
    .some((host) => (siteOf(sites, host)?.name ?? site) !== site)
}

/** All routes that answer to a host name. */
function routesOf(routes: RouteTable, host: string): readonly Route[] {
  const ports = new Set([applicationPort, ...routes.portsOf(host)])
  return [...ports].flatMap((port) => routes.match({ host, port }) ?? [])
}

/** To the tunnel itself, or to whoever has registered the name. */
function leadsTo(way: UpstreamWay, tunnel: NamedTunnel): boolean {
  if (way.kind !== 'connector') return false
  const named = way.tunnel?.toLowerCase()
  return named === undefined || named === tunnel.name.toLowerCase() || named === tunnel.id
}

import type { HostnameOwner } from '../publish/hostname.ts'
import type { NamedTunnel } from '../publish/named-tunnels.ts'
import type { RouteTable } from '../routes/table.ts'
import type { UpstreamWay } from '../routes/upstream-way.ts'

/** The port of services that are reached by their host name alone. */
const portOfNames = 443

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
  const isOthers = waysOf(routes, host).some((way) => !leadsTo(way, tunnel))
  return isOthers ? 'route' : undefined
}

/** Whether some route leads to this tunnel by a host name that it has registered. */
export function leadsToTunnel(routes: RouteTable, host: string, tunnel: NamedTunnel): boolean {
  return waysOf(routes, host).some((way) => leadsTo(way, tunnel))
}

/** The ways of all routes that answer to a host name. */
function waysOf(routes: RouteTable, host: string): readonly UpstreamWay[] {
  const ports = new Set([portOfNames, ...routes.portsOf(host)])
  return [...ports].flatMap((port) => routes.match({ host, port })?.way ?? [])
}

/** To the tunnel itself, or to whoever has registered the name. */
function leadsTo(way: UpstreamWay, tunnel: NamedTunnel): boolean {
  if (way.kind !== 'connector') return false
  const named = way.tunnel?.toLowerCase()
  return named === undefined || named === tunnel.name.toLowerCase() || named === tunnel.id
}

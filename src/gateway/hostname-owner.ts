import type { HostnameOwner } from '../publish/hostname.ts'
import type { NamedTunnel } from '../publish/named-tunnels.ts'
import type { RouteTable } from '../routes/table.ts'

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
  const ports = new Set([portOfNames, ...routes.portsOf(host)])
  const isOthers = [...ports].some((port) => {
    const way = routes.match({ host, port })?.way
    if (way === undefined || way.kind !== 'connector') return way !== undefined
    const named = way.tunnel?.toLowerCase()
    return named !== undefined && named !== tunnel.name.toLowerCase() && named !== tunnel.id
  })
  return isOthers ? 'route' : undefined
}

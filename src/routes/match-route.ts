import { formatAuthority, type HostPort } from '../address.ts'
import { AccessError } from '../errors.ts'
import { applicationPort } from './application-port.ts'
import type { Route } from './route.ts'
import type { RouteTable } from './table.ts'

/** Nothing answers to this host and port. */
export class RouteNotFoundError extends AccessError {
  /** Ports of the same host on which the caller may use a route now; lowest first. */
  readonly otherPorts: readonly number[]

  constructor(target: HostPort, otherPorts: readonly number[]) {
    super('route-not-found', messageFor(target, otherPorts), { hint: hintFor(target, otherPorts) })
    this.otherPorts = otherPorts
  }
}

/**
 * Most ports that a refusal names.
 *
 * @limit ports that `route_not_found` names: the rest is left out
 */
const maxPortsNamed = 5
/**
 * Most ports of one host whose policies are asked for one refusal.
 *
 * @limit ports of one host looked at for `route_not_found`: the rest is left out
 */
const maxPortsTried = 100

/**
 * The route that a CONNECT belongs to; `mayUse` tells whether policy lets its caller use a route now. Whoever asks for a wrong port is told the right one, but never
 * of a route that policy would not let them use: for a stranger a protected route does not exist.
 *
 * @throws RouteNotFoundError
 */
export function matchRoute(
  routes: RouteTable,
  target: HostPort,
  mayUse: (route: Route) => boolean,
): Route {
  const route = routes.match(target)
  if (route !== undefined) return route
  const usable = (port: number): boolean => {
    // The one that would be used: several may have the port.
    const other = routes.match({ host: target.host, port })
    return other !== undefined && mayUse(other)
  }
  const ports = routes.portsOf(target.host).values().take(maxPortsTried)
  throw new RouteNotFoundError(target, ports.filter(usable).take(maxPortsNamed).toArray())
}

function messageFor(target: HostPort, otherPorts: readonly number[]): string {
  const message = `no route for ${formatAuthority(target)}`
  if (otherPorts.length === 0) return message
  const ports = otherPorts.map((port) => `:${port}`)
  const last = ports.pop()
  return ports.length === 0
    ? `${message}; there is one for ${last}`
    : `${message}; there are some for ${ports.join(', ')} and ${last}`
}

function hintFor({ host, port: asked }: HostPort, [port]: readonly number[]): string {
  if (port === undefined) {
    return asked === applicationPort
      ? 'check the host name: "postern routes list" shows what you may use'
      : 'check the host and the port: both are part of the route, as in "ssh.example.com:22"'
  }
  return `ask for "${formatAuthority({ host, port })}": the port is the one in the route's "from", not the one the gateway listens on`
}

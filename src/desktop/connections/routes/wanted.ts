import { formatAuthority } from '../../../address.ts'
import { parseRouteFrom, type RouteTarget } from '../../../client/routes/route-target.ts'
import type { ListedRoute, RoutesAnswer } from '../../../client/routes/routes-answer.ts'
import type { GatewayAddress } from '../../../reach/destination.ts'
import { maxNameChars } from '../../wire/connection.ts'
import { udpWhy } from '../check-connection.ts'

/** A connection as a route of a gateway makes it. */
export interface Wanted {
  /** What `source` says of it. */
  readonly source: string
  readonly name: string
  /** `host:port`. */
  readonly destination: string
  /** An origin. */
  readonly gateway: string
}

export interface WantedOfRoutes {
  readonly wanted: readonly Wanted[]
  readonly unsupported: readonly { readonly name: string; readonly why: string }[]
  /** The sources of all that the gateway lists, usable or not. */
  readonly listed: ReadonlySet<string>
  /** Ids that were chosen, and are none. */
  readonly unknown: readonly string[]
}

/** What a connection's `source` begins with, where a route of this gateway made it. */
export function sourceOf({ origin }: GatewayAddress, id: string): string {
  return `route:${origin}#${id}`
}

/** Gateway and destination as one text: what is the same leads to the same. */
export function leadsTo({ gateway, destination }: Pick<Wanted, 'gateway' | 'destination'>): string {
  return `${gateway}/${destination}`
}

/**
 * The connections that routes make: one for each destination of those that somebody may use, or that were chosen by
 * their ids.
 */
export function wantedOf(
  gateway: GatewayAddress,
  { routes, closed }: RoutesAnswer,
  chosen: readonly string[] | undefined,
): WantedOfRoutes {
  const all = [...routes, ...closed]
  const ids = chosen && new Set(chosen)
  const taken = ids === undefined ? routes : all.filter((route) => ids.has(idOf(route)))
  const known = new Set(all.map(idOf))
  const read = taken.map((route) => connectionsOf(route, gateway, ids !== undefined))
  return {
    wanted: read.flatMap(({ wanted }) => wanted),
    unsupported: read.flatMap(({ name, why }) => why.map((each) => ({ name, why: each }))),
    listed: new Set(all.map((route) => sourceOf(gateway, idOf(route)))),
    unknown: (chosen ?? []).filter((id) => !known.has(id)),
  }
}

/** A gateway that gives none has one `from` for each route. */
function idOf({ id, from }: ListedRoute): string {
  return id || from
}

interface Read {
  readonly name: string
  readonly wanted: readonly Wanted[]
  /** Why some of its destinations cannot become a connection. */
  readonly why: readonly string[]
}

function connectionsOf(route: ListedRoute, gateway: GatewayAddress, isChosen: boolean): Read {
  const { from, type } = route
  const name = cutName(route.name || from || route.id || 'route')
  const targets = parseRouteFrom(from, gateway)
  if (targets === undefined) {
    // A Pomerium lists its web pages as well: nobody misses those among connections.
    if (/^https?:/i.test(from) && !isChosen) return { name, wanted: [], why: [] }
    const isUdp = type.toLowerCase() === 'udp' || /^udp\+/i.test(from)
    return { name, wanted: [], why: [isUdp ? udpWhy : 'it is not for TCP'] }
  }
  const whole = targets.flatMap((target) => (isWhole(target) ? [target] : []))
  return {
    name,
    wanted: whole.map((target) => {
      const destination = formatAuthority(target)
      return {
        source: sourceOf(gateway, idOf(route)),
        name:
          targets.length === 1 ? name : `${cutName(name, destination.length + 1)} ${destination}`,
        destination,
        gateway: target.gateway.origin,
      }
    }),
    why: [...new Set(targets.flatMap((target) => whyNot(target) ?? []))],
  }
}

function isWhole(target: RouteTarget): target is RouteTarget & { readonly port: number } {
  return whyNot(target) === undefined
}

function whyNot({ host, port }: RouteTarget): string | undefined {
  if (host.includes('*')) return 'it stands for many hosts: add a connection to the one you need'
  return port === undefined
    ? 'it leaves the port open: add a connection to the one you need'
    : undefined
}

function cutName(name: string, room = 0): string {
  return name
    .slice(0, maxNameChars - room)
    .toWellFormed()
    .trim()
}

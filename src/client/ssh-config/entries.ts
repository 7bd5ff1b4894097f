import type { GatewayAddress } from '../../reach/destination.ts'
import { parseRouteFrom, type RouteTarget } from '../routes/route-target.ts'
import type { ListedRoute } from '../routes/routes-answer.ts'
import type { IsOfGateway } from './domains.ts'

/** What stands in one `Host` block. */
export interface Entry extends RouteTarget {
  /** The route's name where that can be typed instead of the host; empty otherwise. */
  readonly alias: string
  readonly description: string
}

export interface EntryOptions {
  /** The gateway that listed the routes. */
  readonly gateway: GatewayAddress
  /** Whether routes of other ports than 22 are written, too. */
  readonly isEveryPort: boolean
  /** Which hosts that gateway has a say in. */
  readonly isOfGateway: IsOfGateway
}

/** Which routes become blocks, and the hosts of those that do not, by why. */
export interface Entries {
  /** Narrow ones first, since OpenSSH keeps what it reads first. */
  readonly entries: readonly Entry[]
  readonly leftOut: LeftOut
}

export interface LeftOut {
  /** Stand for machines that nobody has named. */
  readonly patterns: readonly string[]
  /** Not of this gateway. */
  readonly outside: readonly string[]
  /** Reached through a gateway that is not of this one. */
  readonly otherGateways: readonly string[]
}

export const sshPort = 22

/** Chooses what is written of the routes that a gateway lists. */
export function chooseEntries(
  routes: readonly ListedRoute[],
  { gateway, isEveryPort, isOfGateway }: EntryOptions,
): Entries {
  const all = routes
    .flatMap((route) => entriesOf(route, gateway))
    .filter(({ port }) => isEveryPort || port === sshPort)
  const fateOf = (entry: Entry): keyof LeftOut | undefined => {
    if (entry.host.includes('*')) return 'patterns'
    if (!isOfGateway(entry.host)) return 'outside'
    return isOfGateway(entry.gateway.host) ? undefined : 'otherGateways'
  }
  const hostsThat = (fate: keyof LeftOut): string[] => [
    ...new Set(all.filter((entry) => fateOf(entry) === fate).map(({ host }) => host)),
  ]
  return {
    entries: all
      .filter((entry) => fateOf(entry) === undefined)
      .toSorted((a, b) => rankOf(a) - rankOf(b)),
    leftOut: {
      patterns: hostsThat('patterns'),
      outside: hostsThat('outside'),
      otherGateways: hostsThat('otherGateways'),
    },
  }
}

function entriesOf(route: ListedRoute, gateway: GatewayAddress): Entry[] {
  const targets = route.type === 'tcp' ? (parseRouteFrom(route.from, gateway) ?? []) : []
  const { description } = route
  return targets.map((target) => ({ ...target, alias: aliasOf(route.name, target), description }))
}

/** One plain word; one with a dot could be somebody else's machine. */
function aliasOf(name: string, { host }: RouteTarget): string {
  const isWord = /^[a-z0-9_][a-z0-9_-]{0,62}$/i.test(name) && name.toLowerCase() !== 'localhost'
  return isWord && name.toLowerCase() !== host ? name : ''
}

/** The block of port 22 comes first, and has the host's plain name. */
function rankOf({ port }: Entry): number {
  return port === sshPort ? 0 : 1
}

import type { Decision } from '../policy/decision.ts'
import { createLocalPorts } from './local-ports.ts'
import type { Route } from './route.ts'
import type { RouteWay } from './route-way.ts'
import { waysTo } from './ways.ts'

/** The routes that exist for somebody, in their order. */
export interface SeenRoutes {
  /** What they may use now; their commands may all run at once. */
  readonly usable: readonly UsableRoute[]
  /** What they may not, and is listed for everybody or known to them. */
  readonly listed: readonly ListedRoute[]
}

export interface UsableRoute {
  readonly route: Route
  readonly ways: readonly RouteWay[]
  /** Whether no connector is there for it now, so that a tunnel would not open. */
  readonly isOffline: boolean
}

export interface ListedRoute {
  readonly route: Route
  /** Why not, as codes of the policy; empty for somebody not signed in. */
  readonly reasons: readonly string[]
}

export interface SeenOptions {
  /** The URL by which they reach the gateway. */
  readonly gateway: string
  readonly isSignedIn: boolean
  /** Whether they know of a route that they may not use, although it is not listed. **Default:** of none */
  isKnown?(route: Route): boolean
  /** Whether a route leads through a connector that is not there. **Default:** none does */
  isOffline?(route: Route): boolean
  /** The port of a service that only its connector names. **Default:** unknown */
  offeredPort?(route: Route): number | undefined
}

/**
 * What somebody sees of the routes: those that `decide` allows them now, and those it does not where the
 * route says `listed`, or they know of it anyway. Every other one does not exist for them. Reasons are for people who are signed in:
 * to a stranger they would tell the policy.
 */
export function seeRoutes(
  routes: readonly Route[],
  decide: (route: Route) => Decision,
  { gateway, isSignedIn, isKnown, isOffline, offeredPort }: SeenOptions,
): SeenRoutes {
  const usable: UsableRoute[] = []
  const listed: ListedRoute[] = []
  // Of what they may use alone: a gap would tell what else there is.
  const localPorts = createLocalPorts()
  for (const route of routes) {
    const { outcome, allow, deny } = decide(route)
    const { reasons } = deny.value ? deny : allow
    if (outcome === 'allow') {
      const ways = waysTo(route, gateway, { localPorts, offeredPort: offeredPort?.(route) })
      usable.push({ route, ways, isOffline: isOffline?.(route) ?? false })
    } else if (route.isListed || isKnown?.(route) === true)
      listed.push({ route, reasons: isSignedIn ? reasons : [] })
  }
  return { usable, listed }
}

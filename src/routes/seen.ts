import type { Decision } from '../policy/decision.ts'
import type { Route } from './route.ts'
import { waysTo, type RouteWay } from './ways.ts'

/** A route as somebody may see it: one they may use now, or one that is listed for everybody. */
export interface SeenRoute {
  readonly route: Route
  readonly isUsable: boolean
  /** Why not, as codes of the policy; empty for a usable route and for somebody not signed in. */
  readonly reasons: readonly string[]
  /** Empty for a route that is not usable. */
  readonly ways: readonly RouteWay[]
}

/**
 * What somebody sees of the routes, in their order: those that `decide` allows them now, and those it
 * does not where the route says `listed`. Every other one does not exist for them. Reasons are for
 * people who are signed in: to a stranger they would tell the policy.
 */
export function seeRoutes(
  routes: readonly Route[],
  decide: (route: Route) => Decision,
  { gateway, isSignedIn }: { readonly gateway: string; readonly isSignedIn: boolean },
): readonly SeenRoute[] {
  return routes.flatMap((route): SeenRoute[] => {
    const { outcome, allow, deny } = decide(route)
    if (outcome === 'allow') {
      return [{ route, isUsable: true, reasons: [], ways: waysTo(route, gateway) }]
    }
    if (!route.isListed) return []
    const { reasons } = deny.value ? deny : allow
    return [{ route, isUsable: false, reasons: isSignedIn ? reasons : [], ways: [] }]
  })
}

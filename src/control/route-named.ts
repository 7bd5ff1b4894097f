import { PeerError } from '../errors.ts'
import { findRoute } from '../routes/find-route.ts'
import type { Route } from '../routes/route.ts'
import type { RouteTable } from '../routes/table.ts'

/**
 * The route that somebody names, of those that they see: every other one is to them as if it were not there. Throws
 * `PeerError` `route-not-found`, `route-ambiguous`.
 */
export function routeNamed(
  { routeTable }: { routeTable(): RouteTable },
  wanted: string,
  sees: (route: Route) => boolean,
): Route {
  const { routes, match } = routeTable()
  const isCalled = ({ id, name, from }: Route): boolean => [id, name, from].includes(wanted)
  const seen = {
    routes: routes.filter((route) => isCalled(route) && sees(route)),
    match(...asked: Parameters<RouteTable['match']>) {
      const route = match(...asked)
      return route !== undefined && sees(route) ? route : undefined
    },
  }
  const found = findRoute(seen, wanted)
  if (found === undefined) {
    throw new PeerError('route-not-found', `there is no route "${wanted}"`, {
      hint: 'name it by its id, its name, or a host:port that it answers to',
    })
  }
  if ('route' in found) return found.route
  const ids = found.several.slice(0, 5).join(', ')
  throw new PeerError('route-ambiguous', `several routes are called "${wanted}"`, {
    hint: `name one by its id: ${ids}`,
  })
}

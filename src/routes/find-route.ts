import { parseAuthority } from '../address.ts'
import type { Route } from './route.ts'
import type { RouteTable } from './table.ts'

/** The route that somebody names. */
export type FoundRoute =
  | { readonly route: Route }
  /** A name that several routes have: their ids. */
  | { readonly several: readonly string[] }
  | undefined

/**
 * Finds a route by its id, by a host:port that it answers to, or by its name, in this order: ids and
 * addresses belong to one route, and a name may not.
 */
export function findRoute(
  { routes, match }: Pick<RouteTable, 'routes' | 'match'>,
  text: string,
): FoundRoute {
  const byId = routes.find(({ id }) => id === text)
  if (byId !== undefined) return { route: byId }
  const target = parseAuthority(text)
  const route = target && match(target)
  if (route !== undefined) return { route }
  const [first, ...more] = routes.filter(({ name, from }) => name === text || from === text)
  if (first === undefined) return undefined
  return more.length === 0 ? { route: first } : { several: [first, ...more].map(({ id }) => id) }
}

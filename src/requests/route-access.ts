import { lacksAllow, type AccessGrant } from '../access/access-grant.ts'
import type { Caller } from '../access/caller.ts'
import type { Decide } from '../access/decide.ts'
import type { Route } from '../routes/route.ts'
import type { AccessRequest } from './access-request.ts'
import type { AccessRequests } from './access-requests.ts'

/** What access for a while is to somebody who looks at a route. */
export interface RouteAccess {
  /** Longest time that approvers can be asked for now, in milliseconds; undefined where that is no help. */
  readonly askMaxMs: number | undefined
  /** Longest time for which they may let themselves in now, in milliseconds; undefined where they may not. */
  readonly breakGlassMaxMs: number | undefined
  /** What they wait for. */
  readonly pending: AccessRequest | undefined
  /** What lets them in now, where no rule does. */
  readonly grant: AccessGrant | undefined
}

export interface RouteAccessParts {
  readonly decide: Pick<Decide, 'foreseen' | 'fits'>
  readonly pendingOf: AccessRequests['pendingOf']
}

/** As `requestAccess` and `breakGlass` judge it; undefined where there is nothing of the kind. Synchronous. */
export function accessFor(
  caller: Caller,
  route: Route,
  { decide, pendingOf }: RouteAccessParts,
): RouteAccess | undefined {
  const { session } = caller
  if (session?.kind !== 'person') return undefined
  const { approval, breakGlass } = route
  const pending = pendingOf(session.userId, route)
  if (approval === undefined && breakGlass === undefined && pending === undefined) return undefined
  const decision = decide.foreseen(caller, route)
  const isShut = lacksAllow(decision)
  const mayBreak = isShut && breakGlass !== undefined && decide.fits(caller, breakGlass.policy)
  return {
    askMaxMs: isShut && pending === undefined ? approval?.maxMs : undefined,
    breakGlassMaxMs: mayBreak ? breakGlass.maxMs : undefined,
    pending,
    grant: decision.access,
  }
}

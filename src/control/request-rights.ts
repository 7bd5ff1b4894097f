import { changesIn, seesIn } from '../access/administrators.ts'
import type { Decide } from '../access/decide.ts'
import type { Clock } from '../clock.ts'
import type { AccessRequest } from '../requests/access-request.ts'
import type { Route } from '../routes/route.ts'
import type { RouteTable } from '../routes/table.ts'
import type { Authority } from './authority.ts'
import type { Actor } from './change.ts'
import * as faults from './request-faults.ts'
import { isOwnRequest, stateAt, type OwnRights } from './request-view.ts'

/** What is looked at to know who may do what with a request for access. */
export interface RightsParts {
  readonly clock: Clock
  readonly authority: Pick<Authority, 'roleOf'>
  readonly decide: Pick<Decide, 'fits'>
  routeTable(): RouteTable
}

/** The route, once it is known that somebody may approve: by the policy that holds now. */
export function requireApprover(by: Actor, row: AccessRequest, parts: RightsParts): Route {
  const route = routeAsked(row, parts)
  if (route === undefined) throw faults.routeGone()
  if (isOwnRequest(by, row)) throw faults.ownRequest()
  if (route.approval === undefined) throw faults.notOffered(route, false)
  if (!isApprover(by, route, parts)) throw faults.notApprover(route)
  return route
}

/** The route that somebody has asked for; undefined once it is gone, or leads from somewhere else. */
export function routeAsked(
  { routeId, routeFrom }: AccessRequest,
  { routeTable }: Pick<RightsParts, 'routeTable'>,
): Route | undefined {
  const route = byId(routeTable().routes).get(routeId)
  return route?.from === routeFrom ? route : undefined
}

/** A change of routes makes another list of them: of thousands of requests none looks through them all. */
const routesById = new WeakMap<RouteTable['routes'], ReadonlyMap<string, Route>>()

function byId(routes: RouteTable['routes']): ReadonlyMap<string, Route> {
  const known = routesById.get(routes) ?? new Map(routes.map((route) => [route.id, route]))
  routesById.set(routes, known)
  return known
}

function isApprover(by: Actor, route: Route, { decide }: RightsParts): boolean {
  if (route.approval === undefined) return false
  return by.kind === 'local' || decide.fits(by, route.approval.approvers)
}

/** What somebody may do with a request now. */
export interface Rights extends OwnRights {
  /** Whether they may deny it, or end it although it is not theirs. */
  readonly mayClose: boolean
  readonly maySee: boolean
}

/** Judged by what holds now; throws as `Authority.roleOf`, once the session of whoever asks has ended. */
export function rightsOf(by: Actor, request: AccessRequest, parts: RightsParts): Rights {
  const route = routeAsked(request, parts)
  const role = parts.authority.roleOf(by)
  const mine = isOwnRequest(by, request)
  const isApproving = route !== undefined && isApprover(by, route, parts)
  const mayClose = !mine && (isApproving || changesIn(role, route?.namespace))
  const state = stateAt(request, parts.clock.now())
  return {
    mine,
    mayClose,
    maySee: mine || isApproving || seesIn(role, route?.namespace),
    mayDecide: state === 'pending' && !mine && isApproving,
    mayEnd: (state === 'pending' || state === 'approved') && (mine || mayClose),
  }
}

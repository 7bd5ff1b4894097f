import type { Decision } from '../policy/decision.ts'
import type { GrantReason } from '../policy/explain.ts'
import type { Route } from '../routes/route.ts'

/** Access to a route that somebody was given for a while. */
export interface AccessGrant {
  /** Of the request that it answers. */
  readonly id: string
  readonly untilMs: number
  /** Who gave it; the person for break-glass. */
  readonly by: string
  readonly isBreakGlass: boolean
}

/** What access is given to: not to whatever has the id of a route later. */
export type RouteAsked = Pick<Route, 'id' | 'from'>

/** Access that a person has to a route now, of several the one that lasts longest; synchronous. */
export type FindAccessGrant = (userId: string, route: RouteAsked) => AccessGrant | undefined

/** What holds now, and the grant that it rests on where no rule lets the person in. */
export interface AccessDecision extends Decision {
  readonly access?: AccessGrant | undefined
}

/** Whether somebody who is not let in would be by a grant: nothing but the lack of an `allow` is in the way. */
export function lacksAllow({ outcome, deny }: Decision): boolean {
  return outcome === 'deny' && !deny.value
}

/** The decision once the grant counts, as long as the route still has what it was given by. */
export function withAccess(decision: Decision, access: AccessGrant, route: Route): AccessDecision {
  const source = access.isBreakGlass ? route.breakGlass : route.approval
  if (!lacksAllow(decision) || source === undefined) return decision
  const reason: GrantReason = access.isBreakGlass ? 'glass-broken' : 'access-approved'
  return {
    outcome: 'allow',
    allow: { value: true, reasons: [reason] },
    deny: decision.deny,
    validUntilMs: Math.min(decision.validUntilMs ?? Infinity, access.untilMs),
    access,
  }
}

import type { Route } from '../routes/route.ts'
import type { AccessRequest, AccessRequestState } from '../requests/access-request.ts'
import { givesAccess, isPending } from '../requests/open-requests.ts'
import type { Actor } from './change.ts'

/** A request as whoever may see it sees it. Times are RFC 3339. */
export interface AccessRequestSummary {
  readonly id: string
  readonly route_id: string
  /** The id where the route is gone. */
  readonly route_name: string
  readonly user_id: string
  readonly email?: string
  readonly reason: string
  readonly for_seconds: number
  /** `expired`: nobody answered in time; `ended`: its time is over, or somebody ended it before. */
  readonly state: AccessRequestState | 'expired'
  readonly asked_at: string
  /** Until when a pending one waits. */
  readonly expires_at: string
  readonly decided_by?: string
  readonly decided_at?: string
  readonly note?: string
  readonly until?: string
  readonly ended_by?: string
  readonly ended_at?: string
  readonly break_glass: boolean
  /** What whoever looks may do with it now. */
  readonly mine: boolean
  readonly may_decide: boolean
  readonly may_end: boolean
}

/** What somebody may do with a request. */
export interface OwnRights {
  readonly mine: boolean
  readonly mayDecide: boolean
  readonly mayEnd: boolean
}

export function summarizeRequest(
  request: AccessRequest,
  route: Pick<Route, 'name'> | undefined,
  { mine, mayDecide, mayEnd }: OwnRights,
  nowMs: number,
): AccessRequestSummary {
  return {
    id: request.id,
    route_id: request.routeId,
    route_name: route?.name ?? request.routeId,
    user_id: request.userId,
    ...given('email', request.email),
    reason: request.reason,
    for_seconds: Math.ceil(request.forMs / 1000),
    state: stateAt(request, nowMs),
    asked_at: moment(request.createdAtMs),
    expires_at: moment(request.expiresAtMs),
    ...given('decided_by', request.decidedBy),
    ...given('decided_at', request.decidedAtMs, moment),
    ...given('note', request.note),
    ...given('until', request.untilMs, moment),
    ...given('ended_by', request.endedBy),
    ...given('ended_at', request.endedAtMs, moment),
    break_glass: request.isBreakGlass,
    mine,
    may_decide: mayDecide,
    may_end: mayEnd,
  }
}

/** What it is by the clock. */
export function stateAt(request: AccessRequest, nowMs: number): AccessRequestSummary['state'] {
  if (request.state === 'pending') return isPending(request, nowMs) ? 'pending' : 'expired'
  if (request.state === 'approved') return givesAccess(request, nowMs) ? 'approved' : 'ended'
  return request.state
}

/** Whether somebody made it, by whichever of their names. */
export function isOwnRequest(by: Actor, { userId, email }: AccessRequest): boolean {
  if (by.kind === 'local') return false
  const { session } = by
  return session.userId === userId || (email !== undefined && isSameEmail(session.email, email))
}

function isSameEmail(one: string | undefined, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase()
}

function moment(atMs: number): string {
  return new Date(atMs).toISOString()
}

function given<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
  write: (value: Value) => string = String,
): { readonly [Key in Name]?: string } {
  return value === undefined ? {} : ({ [name]: write(value) } as { [Key in Name]: string })
}

/** How far a request for access has come. */
export type AccessRequestState = 'pending' | 'approved' | 'denied' | 'ended'

/** Somebody's request to use a route for a while. Times are milliseconds since the epoch. */
export interface AccessRequest {
  readonly id: string
  readonly routeId: string
  /** Who asks: the provider's user id, and the address as it was then. */
  readonly userId: string
  readonly email: string | undefined
  readonly reason: string
  /** How long access is asked for. */
  readonly forMs: number
  readonly createdAtMs: number
  readonly state: AccessRequestState
  /** Who approved, denied or ended it; the person for break-glass. */
  readonly decidedBy: string | undefined
  readonly decidedAtMs: number | undefined
  /** Until when it gives access; undefined before it is approved. */
  readonly untilMs: number | undefined
  /** Whether nobody was asked: the route allows it, and it is told loudly. */
  readonly isBreakGlass: boolean
}

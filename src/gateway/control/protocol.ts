/** One session as `postern gateway sessions list` shows it. Times are RFC 3339. */
export interface SessionSummary {
  readonly id: string
  readonly user: string
  readonly email: string | null
  readonly name: string | null
  readonly groups: readonly string[]
  readonly issued_at: string
  readonly expires_at: string
  /** Tunnels of this session that are open now. */
  readonly tunnels: number
}

export interface SessionList {
  readonly sessions: readonly SessionSummary[]
}

/** What ended by a revocation. */
export interface Revocation {
  readonly revoked: readonly string[]
}

export interface ControlFault {
  readonly error: string
  readonly message: string
}

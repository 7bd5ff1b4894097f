import type { HostPort } from '../address.ts'
import type { Target } from '../net/target.ts'
import type { AccessDecision } from './access-grant.ts'
import type { Route } from '../routes/route.ts'
import type { Caller } from './caller.ts'

/** A tunnel that somebody asks for, from the port to its last log line; kept so that it can be decided again. */
export interface TunnelRequest {
  readonly requestId: string
  readonly target: Target
  /** The target as the client wrote it, for the logs. */
  readonly authority: string
  /** What is meant behind a bastion, where the client says so. */
  readonly bastionTarget?: HostPort | undefined
  /** The gateways it came through before, as `Via` names them (RFC 9110 §7.6.3). */
  readonly via?: string | undefined
}

declare const granted: unique symbol

/**
 * Proof that policy let this caller use this route. Only `authorize` makes one; `openUpstream` and
 * `liveTunnels.add` take nothing else.
 */
export interface Grant {
  readonly request: TunnelRequest
  readonly caller: Caller
  readonly route: Route
  readonly decision: AccessDecision
  /** When this must be decided again at the latest, in milliseconds since the epoch. */
  readonly validUntilMs: number | undefined
  /** Of the settings that it was decided by; see `FreshGrantParts`. */
  readonly settingsRevision: number
  readonly [granted]: true
}

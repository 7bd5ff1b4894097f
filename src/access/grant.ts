import type { HostPort } from '../address.ts'
import type { AnySession } from '../identity/session.ts'
import type { ConnectionEnds } from '../net/proxy-protocol.ts'
import type { Decision } from '../policy/decision.ts'
import type { PresentedCertificate } from '../net/presented-certificate.ts'
import type { RouteTable } from '../routes/table.ts'
import type { Route } from '../routes/route.ts'

/** What a decision was made about, kept so that it can be made again. */
export interface AccessRequest {
  readonly requestId: string
  readonly target: HostPort
  /** The target as the client wrote it, for the logs. */
  readonly authority: string
  /** The client's address, never in IPv6-mapped form. */
  readonly ip: string
  /** Both ends of the client's connection; undefined when they are not known. */
  readonly ends?: ConnectionEnds | undefined
  /** The gateways it came through before, as `Via` names them (RFC 9110 §7.6.3). */
  readonly via?: string | undefined
  /** What the client showed in its TLS handshake. */
  readonly clientCertificate?: PresentedCertificate | undefined
}

declare const granted: unique symbol

/**
 * Proof that policy let this session use this route. Only `authorize` makes one; `openUpstream` and
 * `liveTunnels.add` take nothing else.
 */
export interface Grant {
  readonly request: AccessRequest
  readonly route: Route
  readonly session: AnySession | undefined
  readonly decision: Decision
  /** When this must be decided again at the latest, in milliseconds since the epoch. */
  readonly validUntilMs: number | undefined
  /** What the decision was based on: when either has moved, it is made again. */
  readonly basis: GrantBasis
  readonly [granted]: true
}

export interface GrantBasis {
  readonly routes: RouteTable
  readonly sessionVersion: number | undefined
}

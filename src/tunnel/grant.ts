/**
 * What a stream's grant says: a JWS (RFC 7515) of type `postern-grant+jwt`, signed with EdDSA (RFC 8037) by
 * the gateway, that a connector verifies before it dials. Times are seconds since the epoch (RFC 7519).
 */
export interface GrantClaims {
  /** Names the gateway. */
  readonly iss: string
  /** `tunnel:ID` and `connector:ID`: both must be the connector's own. */
  readonly aud: readonly string[]
  /** Who: an email address, `service-account:ID`, or empty for somebody who is not signed in. */
  readonly sub: string
  /** The id of the route. */
  readonly route: string
  /** The host name that was asked for, in lower case; the connector's rules choose by it. */
  readonly hostname: string
  /** `host:port` to dial, where the route names one; the connector checks it against its own list. */
  readonly service?: string | undefined
  /** Whoever has the tunnel named `service`, and not the route: only the list of a bastion may let it through. */
  readonly bastion?: true | undefined
  /** The id of the request in the gateway's logs. */
  readonly request: string
  /** Used once. */
  readonly jti: string
  readonly iat: number
  /** At most 30 s after `iat`. */
  readonly exp: number
}

/**
 * Longest life of a grant, in seconds.
 *
 * @limit seconds from the making of a stream's grant to its use: the connector refuses it
 */
export const maxGrantLifeS = 30

/**
 * How far the clocks of gateway and connector may be apart, in seconds. Nobody gains by it: a grant is for
 * one run of one connector, and used once.
 *
 * @limit seconds by which the clocks of a gateway and its connector differ: the connector refuses its grants
 */
export const maxClockSkewS = 60

/** The `typ` of a grant (RFC 7515 §4.1.9), and of the word of one key for another. */
export const grantType = 'postern-grant+jwt'
export const grantKeyType = 'postern-grant-key+jwt'

/** Whom a grant is for: a connector takes it only when it is for both its tunnel and itself. */
export function grantAudience(tunnelId: string, connectorId: string): readonly [string, string] {
  return [`tunnel:${tunnelId}`, `connector:${connectorId}`]
}

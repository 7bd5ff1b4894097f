import type { z } from 'zod'
import { PeerError, type Problem } from '../errors.ts'
import type { TunnelSecretsJson } from '../publish/tunnel-secrets.ts'

// What operations take and answer: plain data, which the control socket carries as JSON and commands print.

/** One session as `postern gateway sessions list` shows it. Times are RFC 3339. */
export interface SessionSummary {
  readonly id: string
  readonly user: string
  readonly email: string | null
  readonly name: string | null
  /** The id of the provider that it was begun with. */
  readonly provider: string
  readonly groups: readonly string[]
  readonly issued_at: string
  readonly expires_at: string
  /** What a machine that was signed in by a code calls itself; null for a browser's session. */
  readonly device: string | null
  /** What it was signed in for; null for one that was before a release that keeps it. */
  readonly kind: 'browser' | 'command-line' | 'device' | null
  /** The address that it was signed in from, of a device its own; null as `kind`. */
  readonly ip: string | null
  /** To the minute; a sign-in is the first use, and an open tunnel is one. */
  readonly last_used_at: string
  /** Tunnels of this session that are open now. */
  readonly tunnels: number
}

export interface TunnelList {
  /** Oldest first. */
  readonly tunnels: readonly TunnelSummary[]
}

export interface SessionList {
  readonly sessions: readonly SessionSummary[]
}

/** Which sessions are looked for. */
export interface SessionsWanted {
  /** Most that are answered, from 1 to 501: one more than anybody is shown. */
  readonly max: number
  /** What is in their name, email address, user id or device. */
  readonly text?: string | undefined
  /** The last one of the answer before. */
  readonly after?: { readonly id: string; readonly issued_at: string } | undefined
}

/** One's own session. Times are RFC 3339. */
export interface OwnSession extends Pick<
  SessionSummary,
  'id' | 'issued_at' | 'expires_at' | 'device' | 'kind' | 'ip' | 'last_used_at' | 'tunnels'
> {
  /** Whether this very request came by it. */
  readonly current: boolean
}

/** What ended by a revocation. */
export interface Revocation {
  readonly revoked: readonly string[]
}

export interface ControlFault {
  readonly error: string
  readonly message: string
  readonly hint?: string
  /** Of a document that was sent, each at its place. */
  readonly problems?: readonly Problem[]
}

/** An open tunnel. Times are RFC 3339. */
export interface TunnelSummary {
  /** The id of the request that opened it, as in the logs. */
  readonly id: string
  readonly route: string
  readonly route_id: string
  /** That of the route; null for none. */
  readonly namespace: string | null
  /** What was asked for: `host:port`. */
  readonly target: string
  /** Whose it is: a person's; null for a service account, and where nobody had to sign in. */
  readonly user: string | null
  readonly email: string | null
  readonly session_id: string | null
  readonly service_account_id: string | null
  /** The client's address. */
  readonly ip: string
  /** The connector that it goes through, and the name of its tunnel; null where it goes through none. */
  readonly connector: { readonly id: string; readonly tunnel: string } | null
  /** What the gateway dialled of the route's `to`: `host:port`; null where a connector dials. */
  readonly upstream: string | null
  readonly opened_at: string
  /** Bytes so far, from the client to the upstream and back. */
  readonly bytes_up: number
  readonly bytes_down: number
}

/** A connector that is registered now. Times are RFC 3339. */
export interface ConnectorSummary {
  /** Names its process: another one after each start. */
  readonly id: string
  /** The name of the named tunnel. */
  readonly tunnel: string
  readonly tunnel_id: string
  readonly dialect: 'postern' | 'cloudflared'
  readonly version: string
  readonly arch: string
  /** Names that lead to the tunnel. */
  readonly hostnames: readonly string[]
  /** What it says it serves, `hostname` null for the catch-all; null where it has not said it. */
  readonly services:
    | readonly { readonly hostname: string | null; readonly service: string }[]
    | null
  readonly connections: readonly {
    readonly id: string
    readonly index: number
    /** The connector's address, as the gateway sees it. */
    readonly ip: string
    readonly since: string
    /** How many tunnels go through it now. */
    readonly streams: number
    /** Whether it takes further ones now. */
    readonly ready: boolean
  }[]
}

export interface ConnectorList {
  readonly connectors: readonly ConnectorSummary[]
}

/** Which connectors are meant: one, by its id, or those of a named tunnel, by its name or id. */
export type ConnectorsNamed = { readonly id: string } | { readonly tunnel: string }

export interface ConnectorsCut {
  /** Their ids. */
  readonly cut: readonly string[]
}

export interface ConnectorsDrained {
  /** The ids of those whose connections are made anew. */
  readonly drained: readonly string[]
}

/**
 * Which tunnels to cut: one, by the id of the request that opened it, or those of a session, a route or somebody:
 * a person by email address or user id, or a service account by its id.
 */
export type TunnelsToCut =
  | { readonly id: string }
  | { readonly session_id: string }
  | { readonly route_id: string }
  | { readonly user: string }

/** What was cut, by the ids of the requests that had opened it. */
export interface TunnelCut {
  readonly cut: readonly string[]
}

/** A service account as `postern service-account list` shows it. Times are RFC 3339. */
export interface ServiceAccountSummary {
  readonly id: string
  readonly description: string
  readonly state: 'active' | 'expired' | 'revoked'
  readonly format: 'jwt' | 'id-secret'
  readonly created_at: string
  /** When its credential was made. */
  readonly rotated_at: string
  readonly expires_at: string | null
  /** Until when the credential before the last rotation is good; null when it is not. */
  readonly old_credential_until: string | null
  /** A date, in UTC; null for never. */
  readonly last_used_on: string | null
  /** Its tunnels that are open now. */
  readonly tunnels: number
}

export interface ServiceAccountList {
  readonly service_accounts: readonly ServiceAccountSummary[]
}

export interface ServiceAccountCreation {
  readonly id: string
  readonly description: string
  readonly format: 'jwt' | 'id-secret'
  /** RFC 3339; null for never. */
  readonly expires_at: string | null
}

export interface ServiceAccountRotation {
  readonly keep_old_ms: number
  /** RFC 3339; null for never; absent for as before. */
  readonly expires_at?: string | null
}

/** A credential at the only moment it is known. */
export interface IssuedCredential {
  readonly id: string
  readonly format: 'jwt' | 'id-secret'
  /** The token, or the secret that goes with the id. */
  readonly credential: string
  readonly expires_at: string | null
}

/** A key of stored tokens as `postern gateway keys list` shows it. */
export interface TokenKeySummary {
  readonly id: string
  /** The setting that its secret stands in; null when no secret of now is its own. */
  readonly from: 'token_encryption_key' | 'shared_secret' | null
  /** RFC 3339. */
  readonly created_at: string
  /** Whether new tokens are encrypted with it. */
  readonly current: boolean
  /** Sessions whose tokens it encrypts. */
  readonly sessions: number
}

export interface TokenKeyList {
  readonly keys: readonly TokenKeySummary[]
}

/** A rotation that has begun, or goes on after it was interrupted. */
export interface TokenRotation {
  readonly key: string
  readonly resumed: boolean
}

/** Where a step of a rotation begins. */
export interface TokenRotationPosition {
  /** '' for the beginning; then `next` of the step before. */
  readonly after: string
}

/** Some more of a rotation. */
export interface TokenRotationStep {
  readonly moved: number
  /** Sessions that ended, since their stored tokens were changed from outside. */
  readonly ended: readonly string[]
  /** Where the next step begins; null at the end. */
  readonly next: string | null
}

/** A key that the gateway signs with, as `postern gateway keys list PURPOSE` shows it. */
export interface SigningKeySummary {
  /** The thumbprint of its public part (RFC 7638). */
  readonly id: string
  /** RFC 3339. */
  readonly created_at: string
  /** Whether another one has not taken its place. */
  readonly current: boolean
  /** How many connectors that are registered now trust it; null where it is not theirs to trust. */
  readonly connectors: number | null
}

export interface SigningKeyList {
  /** The current one first. */
  readonly keys: readonly SigningKeySummary[]
}

/** A connector that is registered and does not trust the current key. */
export interface UntrustingConnector {
  readonly id: string
  /** The name of its named tunnel. */
  readonly tunnel: string
}

export interface SigningKeyRotation {
  readonly key: string
  /** How many connectors have taken it over. */
  readonly connectors: number
  /** Those that are registered and have not, so far. */
  readonly untrusting: readonly UntrustingConnector[]
}

export interface SigningKeysForgotten {
  /** The current one. */
  readonly key: string
  readonly forgotten: readonly string[]
  /** Connectors that were registered and trusted none but these. */
  readonly cut: readonly UntrustingConnector[]
}

/** A publish credential as `postern gateway publishers list` shows it. */
export interface PublisherSummary {
  readonly id: string
  readonly site: string
  /** An email address, or a user id. */
  readonly user: string
  readonly user_id: string
  /** What the machine that has it calls itself. */
  readonly host: string
  readonly state: 'active' | 'revoked' | 'expired'
  /** RFC 3339. */
  readonly issued_at: string
  readonly expires_at: string
}

export interface PublisherList {
  readonly publishers: readonly PublisherSummary[]
}

/** A named tunnel as whoever runs the gateway sees it. */
export interface NamedTunnelSummary {
  readonly id: string
  readonly name: string
  readonly site: string
  /** An email address, a user id or `the operator`. */
  readonly created_by: string
  /** RFC 3339. */
  readonly created_at: string
  /** Names that lead to it. */
  readonly hostnames: readonly string[]
  /** How many connectors of it are registered now. */
  readonly connectors: number
}

export interface NamedTunnelList {
  readonly named_tunnels: readonly NamedTunnelSummary[]
}

/** A named tunnel that is to be made, and the site whose publishers it belongs to. */
export interface NamedTunnelCreation {
  readonly name: string
  readonly site: string
}

/** What makes a process its connector: whoever has it can be one. */
export interface NamedTunnelSecrets extends TunnelSecretsJson {
  /** All of it as one word; undefined where nobody knows the gateway's own address. */
  readonly token: string | undefined
}

/** Which is to go, and whether it goes although it is used. **Default:** it stays then */
export interface NamedTunnelDeletion {
  readonly tunnel: string
  readonly force?: boolean | undefined
}

export interface NamedTunnelDeleted {
  readonly deleted: string
  /** Hosts of routes that lead nowhere without it. */
  readonly routes: readonly string[]
  /** What is left to do: a sentence for each record of the DNS that could not be removed. */
  readonly notices: readonly string[]
}

/** The keys of an authority of SSH certificates, the current one first: lines for `TrustedUserCAKeys`. */
export interface SshCaKeys {
  readonly keys: readonly string[]
}

/** A configuration that was read again and holds now. */
export interface Reload {
  readonly routes: number
  /** Keys of the file that changed and hold only after a restart. */
  readonly need_restart: readonly string[]
}

/** Reads what an operation is given, whoever gave it; throws `PeerError` `malformed-request`. */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const { data, error } = schema.safeParse(input)
  if (data === undefined) throw malformedRequest(error)
  return data
}

/** For what no operation makes sense of. */
export function malformedRequest(cause: unknown): PeerError {
  return new PeerError('malformed-request', 'the gateway does not understand this command', {
    cause,
    hint: 'use the "postern" of the same release as the gateway',
  })
}

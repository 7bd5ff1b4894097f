import type { Stored } from './stored.ts'

/** A host name that leads to a named tunnel. */
export interface PublishedName {
  /** In lower case. */
  readonly hostname: string
  readonly createdAtMs: number
}

/** A named tunnel: what `postern tunnel create` makes. */
export interface NamedTunnelRecord {
  /** A UUID. */
  readonly id: string
  /** Unique, without case, among those that are not deleted. */
  readonly name: string
  /** The site below which its host names are, and whose publishers it belongs to. */
  readonly site: string
  /** Who made it, as lists name them: an email address or a user id. */
  readonly createdBy: string
  /** Who made it, for counting: an email address changes, and two people may have had the same. */
  readonly userId: string
  readonly createdAtMs: number
  /** That of its secret, which is derived from it and stands nowhere; 1 at first. */
  readonly generation: number
  /** A deleted one is kept for a while, so that its connectors hear of it. */
  readonly deletedAtMs: number | undefined
  /** JSON: the services that are pushed to stock connectors; undefined: they have their own rules. */
  readonly services: string | undefined
  /** By name. Those of a deleted one are free. */
  readonly hostnames: readonly PublishedName[]
}

/** What a session has said of a person. */
export interface PublisherFacts {
  readonly userId: string
  readonly email: string | undefined
  readonly emailVerified: boolean
  readonly name: string | undefined
  readonly groups: readonly string[]
  readonly claims: Readonly<Record<string, unknown>>
  /** Absent in what a former release has kept. */
  readonly provider?: string
  readonly issuer: string
}

/** What lets somebody publish below a site, and opens nothing. Times are milliseconds since the epoch. */
export interface PublishCredentialRecord {
  readonly id: string
  /** SHA-256 of the secret, base64url: the secret itself is never kept. */
  readonly secretHash: string
  readonly site: string
  /** Who it was given to, and as whom the policy of the site judges them: what their session said then. */
  readonly person: PublisherFacts
  /** What its machine calls itself: printable, and nothing to rely on. */
  readonly host: string
  readonly issuedAtMs: number
  readonly expiresAtMs: number
  readonly revokedAtMs: number | undefined
}

export type SigningPurpose =
  | 'connector-grant'
  | 'ssh-ca'
  | 'application-token'
  | 'connector-ca'
  | 'audit'

/** A key pair of the gateway's own. */
export interface SigningKeyRecord {
  readonly kid: string
  readonly purpose: SigningPurpose
  /** PKCS #8 in PEM; encrypted where it is stored. */
  readonly privateKey: string
  /** A JWK as JSON. */
  readonly publicKey: string
  readonly createdAtMs: number
  /** When another one took its place; undefined for the current one. */
  readonly retiredAtMs: number | undefined
}

/** How many named tunnels there may be. */
export interface NamedTunnelLimits {
  /** In all, deleted ones not counted. */
  readonly maxTunnels: number
  /** Of one person. */
  readonly maxPerPerson: number
  /** Deleted ones that are kept; the oldest are forgotten. */
  readonly maxDeleted: number
}

/** Named tunnels with their host names. Each write is a change of the feed. */
export interface NamedTunnelStore {
  /** Deleted ones too. */
  get(id: string): Promise<Stored<NamedTunnelRecord> | undefined>
  /** Deleted ones too, the oldest first. */
  list(): Promise<readonly Stored<NamedTunnelRecord>[]>
  /** Keeps nothing when the name is another one's, or when there are too many. It has no host name yet. */
  add(
    record: NamedTunnelRecord,
    limits: NamedTunnelLimits,
  ): Promise<'added' | 'name-taken' | 'full' | 'person-full'>
  /**
   * Replaces generation, deletion, services and host names of one that is still as it was read: `overtaken`,
   * and nothing kept, when it was written meanwhile; `hostname-taken` when a host name is another one's.
   */
  update(record: Stored<NamedTunnelRecord>): Promise<'updated' | 'overtaken' | 'hostname-taken'>
}

/** Publish credentials. Each write is a change of the feed. */
export interface PublishCredentialStore {
  get(id: string): Promise<Stored<PublishCredentialRecord> | undefined>
  /** Newest first, revoked and expired ones included until they are removed. */
  list(): Promise<readonly Stored<PublishCredentialRecord>[]>
  /** `full`, and nothing kept, when there are so many of this person that are neither revoked nor expired. */
  add(record: PublishCredentialRecord, maxPerPerson: number): Promise<'added' | 'full'>
  /** False when there is none, or it was revoked before. */
  revoke(id: string, nowMs: number): Promise<boolean>
  /** Removes those past their end. */
  removeExpired(nowMs: number): Promise<number>
}

/**
 * The key pairs of the gateway's own; each write is a change of the feed. Their private parts are encrypted as tokens are,
 * and move with them.
 */
export interface SigningKeyStore {
  /** The current one first, then the retired ones, newest first. Throws `SystemError` `stored-token-unreadable`. */
  list(purpose: SigningPurpose): Promise<readonly SigningKeyRecord[]>
  /**
   * Makes a key the current one of its purpose, and retires the one that it `replaces`; false, and nothing
   * kept, when another one is current by now.
   */
  add(record: SigningKeyRecord, replaces: string | undefined): Promise<boolean>
  /** Removes those of a purpose that are retired, and answers their names. */
  removeRetired(purpose: SigningPurpose): Promise<readonly string[]>
}

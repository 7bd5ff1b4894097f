import type { AccessDocumentStore } from './access-document-store.ts'
import type { AccountStore } from './account-store.ts'
import type { AcmeStore } from './acme-store.ts'
import type { NamedTunnelStore, PublishCredentialStore, SigningKeyStore } from './publish-store.ts'
import type { AccessRequestStore, BlockedPersonStore, RefusalStore } from './request-store.ts'
import type { OcspAnswerStore } from './ocsp-answer-store.ts'
import type { AuditIndexStore } from './audit-index-store.ts'
import type { ProviderLogout, ProviderSignIn } from './provider-logout.ts'
import type { RecordedMark } from './recorded-mark.ts'
import type { SampleStore } from './sample-store.ts'
import type { ScimStore } from './scim-store.ts'
import type { Stored } from './stored.ts'

export type { Stored }

/** What is kept of a session. Times are milliseconds since the epoch. */
export interface SessionRecord {
  /** Unguessable; the `jti` of the tokens that name this session. */
  readonly id: string
  readonly userId: string
  readonly email: string | undefined
  readonly emailVerified: boolean
  readonly name: string | undefined
  readonly groups: readonly string[]
  readonly claims: Readonly<Record<string, unknown>>
  /** The provider that vouched for this person, by its id in the configuration, and its issuer. */
  readonly provider: string
  readonly issuer: string
  readonly issuedAtMs: number
  readonly expiresAtMs: number
  /** When the provider was last asked who this is, and when it must be asked again. */
  readonly refreshedAtMs: number
  readonly refreshDueAtMs: number
  readonly accessToken: string | undefined
  /** As the provider announced it; undefined when it did not. */
  readonly accessTokenExpiresAtMs: number | undefined
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  /** The host name a machine gave that was signed in by a code; absent for a browser's session. */
  readonly device?: string | undefined
  /** By what the issuer names the sign-in that it rests on (`sid`); absent where it does not say. */
  readonly sid?: string | undefined
  /** The address that it was signed in from, of a machine by its code that machine's; absent for one of before it was kept. */
  readonly address?: string | undefined
  /** What it was signed in for; absent for one of before it was kept. */
  readonly client?: SessionClient | undefined
  /** As `markUsed` keeps it: no other write touches it. */
  readonly lastUsedAtMs?: number | undefined
}

/** What a session is signed in for: a browser, a program on the machine of the browser, or a machine by its code. */
export type SessionClient = 'browser' | 'command-line' | 'device'

/** A session without the tokens of its provider, which only a refresh needs. */
export type SessionFacts = Omit<SessionRecord, 'accessToken' | 'refreshToken' | 'idToken'>

/** A code that stands for a session until it is exchanged once (RFC 7636 binds it to its asker). */
export interface CodeRecord {
  /** SHA-256 of the code, base64url: the code itself is never kept. */
  readonly hash: string
  readonly sessionId: string
  /** The S256 `code_challenge`. */
  readonly challenge: string
  readonly expiresAtMs: number
}

/** How far the sign-in of a machine without a browser has come. */
export type DeviceCodeState = 'pending' | 'approved' | 'denied' | 'signed-in'

/** A machine without a browser that waits until somebody signs it in elsewhere (RFC 8628). */
export interface DeviceCodeRecord {
  /** SHA-256 of the secret that only the waiting machine has, base64url; names the record. */
  readonly secretHash: string
  /** What the person types or compares: eight letters. */
  readonly userCode: string
  /** As the machine told it: bounded and printable, and nothing to rely on. */
  readonly host: string
  readonly command: string
  /** The machine's address as the gateway saw it. */
  readonly address: string
  readonly createdAtMs: number
  readonly expiresAtMs: number
  readonly state: DeviceCodeState
  /** Who approved it. */
  readonly userId: string | undefined
  /** The session made for the machine, until it is taken; for a publisher that of the person who approved. */
  readonly sessionId: string | undefined
  /** For a machine that asks for a publish credential, which is sealed to this key: a JWK as JSON. */
  readonly publicKey?: string | undefined
  /** The site that was chosen for it. */
  readonly site?: string | undefined
}

/** A service account. Times are milliseconds since the epoch. */
export interface ServiceAccountRecord {
  /** Names it in policies, logs and commands. */
  readonly id: string
  readonly description: string
  /** Which form its credential has. */
  readonly format: 'jwt' | 'id-secret'
  /** SHA-256 of its credential's secret, base64url: the secret itself is never kept. */
  readonly secretHash: string
  /** The same of the credential before, which is good until `formerUntilMs`. */
  readonly formerSecretHash: string | undefined
  readonly formerUntilMs: number | undefined
  readonly createdAtMs: number
  /** When its credential was made. */
  readonly rotatedAtMs: number
  /** Undefined for never. */
  readonly expiresAtMs: number | undefined
  /** A revoked one is kept, so that nobody else gets what policies say of its id. */
  readonly revokedAtMs: number | undefined
  /** First moment, in UTC, of the day on which it was used last. */
  readonly lastUsedDayMs: number | undefined
}

/** Why a session has ended. */
export type SessionEndReason =
  | 'expired'
  | 'revoked'
  | 'signed-out'
  | 'refresh-refused'
  | 'replaced'
  | 'provider-logout'

/** Who vouches for people. */
export type Voucher = Pick<SessionRecord, 'provider' | 'issuer'>

/** Which sessions are listed. */
export interface SessionFilter {
  /** Those that one of these vouched for. */
  readonly vouchers?: readonly Voucher[]
  /** Those whose end has not passed then. */
  readonly nowMs?: number
  /** Those with this in their name, email address, user id or device; of ASCII letters the case is no matter. */
  readonly text?: string | undefined
}

/** Whether who somebody is has changed by a write, or only what is kept with it. */
export type RowChange = 'changed' | 'kept'

/**
 * Where sessions live. Every store passes `session-store.suite.ts`; write a new rule there first.
 *
 * Each write that is kept is a change of the feed, but for the note of a use.
 */
export interface SessionStore {
  /** Throws `SystemError` `stored-token-unreadable` when its tokens were changed from outside. */
  get(id: string): Promise<Stored<SessionRecord> | undefined>
  getFacts(id: string): Promise<Stored<SessionFacts> | undefined>
  /** Adds a session; answers its revision. */
  add(record: SessionRecord): Promise<number>
  /**
   * Replaces a session that is still as it was read, and answers its revision now; undefined, and nothing
   * kept, when it has ended or was written meanwhile.
   */
  update(record: Stored<SessionRecord>, change: RowChange): Promise<number | undefined>
  /** Notes that sessions were used at a moment, where no later one is noted. It is no change of the feed. */
  markUsed(ids: readonly string[], atMs: number): Promise<void>
  /**
   * Ends a session; with `revision` only where it is still as it was read then. False when there was none:
   * of two who end it, one has done it.
   */
  remove(id: string, reason: SessionEndReason, revision?: number): Promise<boolean>
  /** Newest first; an email is compared without case. */
  list(filter?: {
    readonly userId?: string
    readonly email?: string
  }): Promise<readonly Stored<SessionFacts>[]>
  /** Some more in the order of `list`, after one of them that may have ended since; the first ones without it. */
  listPage(
    maxRecords: number,
    after?: Pick<SessionFacts, 'id' | 'issuedAtMs'>,
    filter?: SessionFilter,
  ): Promise<readonly Stored<SessionFacts>[]>
  /** How many these vouched for whose end has not passed; those that have `text` in them. */
  count(vouchers: readonly Voucher[], nowMs: number, text?: string): Promise<number>
  /**
   * Sessions of one provider that it must be asked about again, most overdue first; none whose end has
   * passed.
   */
  listDue(
    provider: string,
    nowMs: number,
    maxRecords: number,
  ): Promise<readonly Stored<SessionFacts>[]>
  /** Ends and answers every session whose end has passed. */
  removeExpired(nowMs: number): Promise<readonly string[]>
  /** Calls `listener` once for every session revoked or expired, on whichever gateway it happened. */
  onEnded(listener: (id: string, reason: SessionEndReason) => void): Disposable
}

/** Logouts at providers. Every store passes `provider-logout-store.suite.ts`. */
export interface ProviderLogoutStore {
  /**
   * Keeps a logout and ends the sessions that it is about, in one step, and answers those. Undefined, and nothing
   * done, where its token has come before. Of more than `maxKept` the oldest are forgotten.
   *
   * A session of the person whose sign-in the provider has not named ends with any of theirs: it may be that one.
   */
  take(
    logout: ProviderLogout,
    nowMs: number,
    maxKept: number,
  ): Promise<readonly SessionFacts[] | undefined>
  /** Whether one that is kept is about a sign-in that was under way when it came. */
  covers(signIn: ProviderSignIn, nowMs: number): Promise<boolean>
}

/** One write, as others hear of it. */
export interface Change {
  /** Contiguous over the whole store, and visible in its order. */
  readonly revision: number
  readonly kind:
    | 'session'
    | 'service-account'
    | 'named-tunnel'
    | 'publish-credential'
    | 'signing-key'
    | 'access-document'
    | 'access-request'
    | 'blocked-person'
    | 'acme-record'
    | 'provider-logout'
    | 'scim-user'
    | 'scim-group'
    | 'account'
  /** Of an access document `route/ID` or `policy/ID`, of an ACME record `KIND/NAME`. */
  readonly id: string
  readonly change: 'added' | 'ended' | RowChange
  /** Why a session has ended. */
  readonly reason?: SessionEndReason
}

export interface ChangeBatch {
  /** In the order of their revisions; the first ones when there are many. */
  readonly changes: readonly Change[]
  /** That of the last change there is. */
  readonly revision: number
  /** False when changes since then are kept no more: whoever relied on them reads everything anew. */
  readonly isWhole: boolean
}

/** What was written, for those who keep some of it in memory. Every store passes `change-feed.suite.ts`. */
export interface ChangeFeed extends RecordedMark {
  /** What has changed after that revision. */
  changes(sinceRevision: number): Promise<ChangeBatch>
  /**
   * Calls `listener` with what has changed from now on, in order, each change once. A write that was asked
   * for here resolves after that; a listener throws nothing.
   */
  onChanges(listener: (changes: readonly Change[]) => void): Disposable
}

/** Work that only one process may do at a time, and until when it is that one's. */
export interface Lease {
  readonly name: string
  /** Names the process; no two have the same. */
  readonly holder: string
  /** Long enough for the work with some margin: the clocks of two gateways differ. */
  readonly untilMs: number
}

export interface LeaseStore {
  /** Takes a lease, or prolongs it for its holder; false while it is another's. */
  take(lease: Lease, nowMs: number): Promise<boolean>
  /** Gives a lease back before its time; nothing when it is another's by now. */
  release(name: string, holder: string): Promise<void>
}

export interface CodeStore {
  add(record: CodeRecord): Promise<void>
  /** Removes and answers a code, so that it works once; undefined when unknown or past its end. */
  take(hash: string, nowMs: number): Promise<CodeRecord | undefined>
  /** Removes codes that nobody exchanged in time; answers how many. */
  removeExpired(nowMs: number): Promise<number>
}

/**
 * Device codes. Each step is one atomic statement that says whether it was taken: of two who try the
 * same one succeeds, and none succeeds from the end of the code on.
 */
export interface DeviceCodeStore {
  /** False, and nothing kept, when the user code is another one's. */
  add(record: DeviceCodeRecord): Promise<boolean>
  findByUserCode(userCode: string, nowMs: number): Promise<DeviceCodeRecord | undefined>
  findBySecretHash(secretHash: string, nowMs: number): Promise<DeviceCodeRecord | undefined>
  /** From `pending`, or once more by the same person. */
  approve(secretHash: string, userId: string, nowMs: number): Promise<boolean>
  /** From `pending` or `approved`. */
  deny(secretHash: string, nowMs: number): Promise<boolean>
  /** From `approved` by this very person to `signed-in`. */
  attach(
    secretHash: string,
    signedIn: {
      readonly userId: string
      readonly sessionId: string
      /** Of a publisher. */
      readonly site?: string | undefined
    },
    nowMs: number,
  ): Promise<boolean>
  /** Removes and answers one that is `signed-in`, so that its session is handed out once. */
  take(secretHash: string, nowMs: number): Promise<DeviceCodeRecord | undefined>
  /** How many machines wait: their codes are neither denied nor past their end. */
  count(nowMs: number): Promise<number>
  /** Removes those past their end; answers the sessions made for them that nobody took. */
  removeExpired(nowMs: number): Promise<readonly string[]>
}

/** Service accounts. Each write but that of a use is a change of the feed. */
export interface ServiceAccountStore {
  get(id: string): Promise<Stored<ServiceAccountRecord> | undefined>
  /**
   * Keeps nothing when there is one of this id, revoked ones included, or when there are `maxRecords` of
   * them.
   */
  add(record: ServiceAccountRecord, maxRecords: number): Promise<'added' | 'id-taken' | 'full'>
  /**
   * Replaces everything of one that is still as it was read; false, and nothing kept, when it was written
   * meanwhile or is not there.
   */
  update(record: Stored<ServiceAccountRecord>): Promise<boolean>
  /** Notes the day of a use and nothing else; the revision stays. */
  markUsed(id: string, dayMs: number): Promise<void>
  /** By id, revoked ones included. */
  list(): Promise<readonly Stored<ServiceAccountRecord>[]>
  /** How many are neither revoked nor past their end. */
  count(nowMs: number): Promise<number>
}

/** A key by which tokens in the store are encrypted; the key itself stands nowhere. */
export interface TokenKey {
  readonly id: string
  /** The setting that its secret stands in; undefined when no secret of now is its own. */
  readonly setting: 'token_encryption_key' | 'shared_secret' | undefined
  readonly createdAtMs: number
}

/** What one step of a rotation did. */
export interface MovedBatch {
  /** Sessions whose tokens have the current key now. */
  readonly moved: number
  /** Sessions whose stored tokens were changed from outside: they have to end. */
  readonly unreadable: readonly string[]
  /** Where the next step begins; undefined when every row was looked at. */
  readonly next: string | undefined
}

export interface StoredTokenKey extends TokenKey {
  /** Whether new rows are encrypted with it. */
  readonly isCurrent: boolean
  /** Sessions whose tokens it encrypts. */
  readonly sessions: number
}

/** The keys of the tokens in the store, and their rotation, which signs nobody out. */
export interface TokenKeyStore {
  /** Those that are current or in use, oldest first. */
  list(): Promise<readonly StoredTokenKey[]>
  /** Makes a new key current; keeps the one there is while rows wait for it, since a rotation was interrupted. */
  begin(nowMs: number): Promise<{ readonly isResumed: boolean }>
  /** Encrypts some more rows with the current key. It begins with '' for `afterId`. */
  move(afterId: string): Promise<MovedBatch>
}

/**
 * Everything that must survive a restart.
 *
 * Every method that answers a promise throws `SystemError` `store-failed` once the store is lost, `store-busy`
 * when too much waits for it, and `store-closed` after its end.
 */
export interface Store {
  readonly sessions: SessionStore
  readonly codes: CodeStore
  readonly deviceCodes: DeviceCodeStore
  readonly serviceAccounts: ServiceAccountStore
  readonly namedTunnels: NamedTunnelStore
  readonly publishCredentials: PublishCredentialStore
  readonly signingKeys: SigningKeyStore
  readonly tokenKeys: TokenKeyStore
  readonly accessDocuments: AccessDocumentStore
  readonly accessRequests: AccessRequestStore
  readonly blockedPeople: BlockedPersonStore
  readonly refusals: RefusalStore
  readonly samples: SampleStore
  readonly auditIndex: AuditIndexStore
  readonly acme: AcmeStore
  readonly ocspAnswers: OcspAnswerStore
  readonly providerLogouts: ProviderLogoutStore
  readonly scim: ScimStore
  readonly accounts: AccountStore
  readonly feed: ChangeFeed
  readonly leases: LeaseStore
  /** Resolves once nothing can be kept or read any more, to why; only a new process helps. */
  readonly failed: Promise<Error>
  /** Waits for what was asked for before. Calling it again waits for the same end. */
  close(): Promise<void>
}

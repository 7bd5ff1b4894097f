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
  /** The issuer that vouched for this person. */
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
}

/** A code that stands for a session until it is exchanged once (RFC 7636 binds it to its asker). */
export interface CodeRecord {
  /** SHA-256 of the code, base64url: the code itself is never kept. */
  readonly hash: string
  readonly sessionId: string
  /** The S256 `code_challenge`. */
  readonly challenge: string
  readonly expiresAtMs: number
}

/** Where sessions live. Every store passes `session-store.suite.ts`; write a new rule there first. */
export interface SessionStore {
  get(id: string): Promise<SessionRecord | undefined>
  /** Adds a session. */
  add(record: SessionRecord): Promise<void>
  /** Replaces a session that is still there; false, and nothing kept, when it has ended meanwhile. */
  update(record: SessionRecord): Promise<boolean>
  /** Ends a session. False when there was none. */
  remove(id: string): Promise<boolean>
  /** Newest first; an email is compared without case. */
  list(filter?: {
    readonly userId?: string
    readonly email?: string
  }): Promise<readonly SessionRecord[]>
  /** Sessions whose provider must be asked again, most overdue first; none whose end has passed. */
  listDue(nowMs: number, maxRecords: number): Promise<readonly SessionRecord[]>
  /** Removes and answers every session whose end has passed. */
  removeExpired(nowMs: number): Promise<readonly string[]>
}

export interface CodeStore {
  add(record: CodeRecord): Promise<void>
  /** Removes and answers a code, so that it works once; undefined when unknown or past its end. */
  take(hash: string, nowMs: number): Promise<CodeRecord | undefined>
  /** Removes codes that nobody exchanged in time; answers how many. */
  removeExpired(nowMs: number): Promise<number>
}

/** Everything that must survive a restart. */
export interface Store {
  readonly sessions: SessionStore
  readonly codes: CodeStore
  close(): Promise<void>
}

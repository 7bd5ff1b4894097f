import type { Stored } from './stored.ts'

/** What a request for access is, as it was written last; whether its time has passed is told by its times. */
export type AccessRequestState = 'pending' | 'approved' | 'denied' | 'cancelled' | 'ended'

/** Somebody's request to use a route for a while. Times are milliseconds since the epoch. */
export interface AccessRequestRecord {
  readonly id: string
  readonly routeId: string
  /** What the route was reached by then: one that is made anew with its id for something else is another one. */
  readonly routeFrom: string
  /** Who asks: the provider's user id, and the address as it was then. */
  readonly userId: string
  readonly email: string | undefined
  readonly reason: string
  /** How long access is asked for. */
  readonly forMs: number
  readonly createdAtMs: number
  /** Until when it waits for an answer. */
  readonly expiresAtMs: number
  readonly state: AccessRequestState
  /** Who approved, denied or cancelled it; the person for break-glass. */
  readonly decidedBy: string | undefined
  readonly decidedAtMs: number | undefined
  /** What whoever decided it says to the person. */
  readonly note: string | undefined
  /** Until when it gives access; undefined before it is approved. */
  readonly untilMs: number | undefined
  /** Who ended what was approved before its time. */
  readonly endedBy: string | undefined
  readonly endedAtMs: number | undefined
  /** Whether nobody was asked: the route allows it, and it is told loudly. */
  readonly isBreakGlass: boolean
}

/** How many requests there may be. Open is one that waits, or that gives access. */
export interface AccessRequestLimits {
  readonly maxOpen: number
  readonly maxOpenPerPerson: number
  /** Made since `recentAtMs`, whatever became of them. */
  readonly maxRecentPerPerson: number
  readonly recentAtMs: number
}

export interface AccessRequestFilter {
  readonly state?: AccessRequestState
  readonly userId?: string
  readonly routeId?: string
}

/** Requests for access. Each write but a removal of old ones is a change of the feed. */
export interface AccessRequestStore {
  get(id: string): Promise<Stored<AccessRequestRecord> | undefined>
  /**
   * Keeps nothing when there are too many, or when the person has one open for the route: `asked-already`. One that
   * is to be approved as it is made (break-glass) is kept beside one that waits.
   */
  add(
    record: AccessRequestRecord,
    limits: AccessRequestLimits,
  ): Promise<'added' | 'asked-already' | 'full' | 'person-full'>
  /** Replaces one that is still as it was read; false, and nothing kept, when it was written meanwhile. */
  update(record: Stored<AccessRequestRecord>): Promise<boolean>
  /** Those that wait or give access, the oldest first. */
  listOpen(nowMs: number): Promise<readonly Stored<AccessRequestRecord>[]>
  /** Newest first; some more after one of them, which may be gone by now. */
  listPage(
    filter: AccessRequestFilter,
    maxRecords: number,
    after?: Pick<AccessRequestRecord, 'id' | 'createdAtMs'>,
  ): Promise<readonly Stored<AccessRequestRecord>[]>
  /** Removes what was made before a time and is not open; answers how many. */
  removeOld(beforeMs: number, nowMs: number): Promise<number>
}

/** Somebody who may do nothing here, whatever policies say. */
export interface BlockedPersonRecord {
  /** As it was blocked: an email address in lower case, or a user id. */
  readonly who: string
  /** All that the person is known by, `who` among it. */
  readonly userIds: readonly string[]
  readonly emails: readonly string[]
  /** For those who look at the list, and for the person. */
  readonly reason: string
  readonly blockedBy: string
  readonly blockedAtMs: number
}

/** Blocked people. Each write is a change of the feed. */
export interface BlockedPersonStore {
  get(who: string): Promise<Stored<BlockedPersonRecord> | undefined>
  /** Newest first. */
  list(): Promise<readonly Stored<BlockedPersonRecord>[]>
  /** Adds or replaces one; `full`, and nothing kept, when there are so many others. */
  put(record: BlockedPersonRecord, maxRecords: number): Promise<'added' | 'replaced' | 'full'>
  /** False when nobody is blocked by that name. */
  remove(who: string): Promise<boolean>
}

/** Why somebody was refused a route, for the page that explains it. */
export interface RefusalRecord {
  /** The request id of the first attempt that it is about. */
  readonly id: string
  readonly userId: string
  readonly email: string | undefined
  readonly routeId: string
  readonly atMs: number
  /** JSON: what the page says. */
  readonly body: string
}

/** Refusals. Who reads one asks for it by its id; nobody follows them. */
export interface RefusalStore {
  get(id: string): Promise<RefusalRecord | undefined>
  /** Adds some, and forgets the oldest beyond `maxRecords` and those from before a time. */
  add(records: readonly RefusalRecord[], maxRecords: number, beforeMs: number): Promise<void>
}

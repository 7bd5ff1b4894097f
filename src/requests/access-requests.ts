import { randomBytes } from 'node:crypto'
import type { FindAccessGrant, RouteAsked } from '../access/access-grant.ts'
import type { Clock } from '../clock.ts'
import { messageOf, PeerError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { follow } from '../store/follow.ts'
import type { AccessRequestFilter } from '../store/request-store.ts'
import type { Store } from '../store/store.ts'
import type { Stored } from '../store/stored.ts'
import type { AccessRequest } from './access-request.ts'
import { createOpenRequests } from './open-requests.ts'

/** Somebody's wish, checked by whoever passes it on. */
export interface NewAccessRequest extends Pick<
  AccessRequest,
  'routeId' | 'routeFrom' | 'userId' | 'email' | 'reason' | 'forMs'
> {
  /** Given at once, by the person themselves. */
  readonly isBreakGlass: boolean
}

/** Who has asked for access for a while, and what became of it. */
export interface AccessRequests {
  /** Synchronous, and true of what any gateway has written. */
  readonly accessGrant: FindAccessGrant
  /** What somebody waits for; synchronous. */
  pendingOf(userId: string, route: RouteAsked): AccessRequest | undefined
  /** Throws `PeerError` `access-request-exists`, `too-many-access-requests`. */
  add(request: NewAccessRequest): Promise<AccessRequest>
  find(id: string): Promise<Stored<AccessRequest> | undefined>
  /** Newest first; some more after one of them. */
  page(
    filter: AccessRequestFilter,
    maxRecords: number,
    after?: Pick<AccessRequest, 'id' | 'createdAtMs'>,
  ): Promise<readonly Stored<AccessRequest>[]>
  /** Resolves once it holds here; undefined, and nothing kept, when it was changed since it was read. */
  change(
    read: Stored<AccessRequest>,
    change: Partial<AccessRequest>,
  ): Promise<AccessRequest | undefined>
  /** Calls back when one was added or changed, on whichever gateway; once what it says holds. */
  onChanged(listener: () => void): void
}

export interface AccessRequestsOptions {
  readonly store: Pick<Store, 'accessRequests' | 'feed'>
  readonly clock: Clock
  readonly log: Logger
}

/** @limit time for which a request for access waits for an answer: it is `expired`, and can be made again */
export const pendingLifeMs = 24 * 3_600_000
/** @limit requests for access that wait or give access, everybody's: `too_many_access_requests` */
const maxOpen = 5_000
/** @limit requests for access that wait or give access, of one person: `too_many_access_requests` */
const maxOpenPerPerson = 20
/** @limit requests for access that one person makes in a day: `too_many_access_requests` */
const maxRecentPerPerson = 50
const recentMs = 24 * 3_600_000
/** @limit time for which a request for access that is over is kept: it is removed; the audit log has it for longer */
const maxKeptMs = 90 * 86_400_000
/** How often those are looked for, in milliseconds. */
const sweepMs = 3_600_000

/** Reads those that wait or give access, and follows them from then on. */
export async function openAccessRequests(options: AccessRequestsOptions): Promise<AccessRequests> {
  const { clock, log } = options
  const store = options.store.accessRequests
  const open = createOpenRequests(clock)
  const listeners = new Set<() => void>()
  let sweptAtMs = 0

  const put = (id: string, row: Stored<AccessRequest> | undefined): void => {
    open.put(id, row)
    for (const listener of listeners) listener()
  }
  const followed = await follow({
    feed: options.store.feed,
    kind: 'access-request',
    log,
    clock,
    async load() {
      for (const row of await store.listOpen(clock.now())) open.put(row.id, row)
    },
    /** What gives access changes by its end alone: nobody has it while the row is read, or cannot be. */
    foretell({ id }) {
      if (open.get(id)?.state === 'approved') put(id, undefined)
    },
    refresh: async (id) => put(id, await store.get(id)),
  })

  /** Nobody waits for it: between what was judged of a request and its row there is nothing else. */
  async function removeOld(): Promise<void> {
    const nowMs = clock.now()
    // A clock that was set back has swept long ago.
    if (Math.abs(nowMs - sweptAtMs) < sweepMs) return
    sweptAtMs = nowMs
    try {
      await store.removeOld(nowMs - maxKeptMs, nowMs)
    } catch (error) {
      log.error('requests for access that are over cannot be removed', { error: messageOf(error) })
    }
  }

  return {
    accessGrant: open.grantOf,
    pendingOf: open.pendingOf,
    async add(request) {
      const record = newRecord(request, clock.now())
      const limits = { maxOpen, maxOpenPerPerson, maxRecentPerPerson }
      const recentAtMs = record.createdAtMs - recentMs
      const added = await store.add(record, { ...limits, recentAtMs })
      if (added !== 'added') throw notAdded(added, record)
      void removeOld()
      await followed.settled(record.id)
      return record
    },
    find: (id) => store.get(id),
    page: (filter, maxRecords, after) => store.listPage(filter, maxRecords, after),
    async change(read, change) {
      const changed = { ...read, ...change }
      if (!(await store.update(changed))) return undefined
      await followed.settled(read.id)
      return changed
    },
    onChanged: (listener) => void listeners.add(listener),
  }
}

function newRecord(request: NewAccessRequest, nowMs: number): AccessRequest {
  const { userId, email, forMs, isBreakGlass } = request
  const given = {
    state: 'approved',
    decidedBy: email ?? userId,
    decidedAtMs: nowMs,
    untilMs: nowMs + forMs,
  } as const
  const waiting = {
    state: 'pending',
    decidedBy: undefined,
    decidedAtMs: undefined,
    untilMs: undefined,
  } as const
  return {
    ...request,
    id: `ar-${randomBytes(8).toString('hex')}`,
    createdAtMs: nowMs,
    expiresAtMs: nowMs + pendingLifeMs,
    note: undefined,
    endedBy: undefined,
    endedAtMs: undefined,
    ...(isBreakGlass ? given : waiting),
  }
}

function notAdded(
  why: 'asked-already' | 'full' | 'person-full',
  { isBreakGlass }: AccessRequest,
): PeerError {
  if (why === 'asked-already') {
    const text = isBreakGlass
      ? 'you have access to this route for a while already'
      : 'you have asked for access to this route already'
    return new PeerError('access-request-exists', text, { hint: 'see "postern request list"' })
  }
  const text =
    why === 'full'
      ? `${maxOpen} requests for access are open on this gateway`
      : `you have asked for access too often: ${maxOpenPerPerson} at once, ${maxRecentPerPerson} a day`
  return new PeerError('too-many-access-requests', text, {
    hint: 'cancel those that you no longer need, or wait',
  })
}

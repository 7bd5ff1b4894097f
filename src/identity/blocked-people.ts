import type { Clock } from '../clock.ts'
import { AccessError, PeerError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { follow } from '../store/follow.ts'
import type { BlockedPersonRecord } from '../store/request-store.ts'
import type { Store } from '../store/store.ts'

/** By what a provider knows somebody. */
export interface KnownPerson {
  readonly userId: string
  readonly email: string | undefined
}

/** Who may do nothing here, whatever policies say. Kept in memory, so that nobody waits for it. */
export interface BlockedPeople {
  /** Throws `AccessError` `person-blocked`. */
  check(person: KnownPerson): void
  isBlocked(person: KnownPerson): boolean
  /** Whether somebody is known by a name, however it is spelt. */
  isNamed(person: KnownPerson, who: string): boolean
  /** Newest first. */
  list(): readonly KeptOutPerson[]
  /** By the name under which somebody was blocked, however it is spelt. */
  get(who: string): BlockedPersonRecord | undefined
  /** Other blocks that keep out whom this one does, as far as it is known that it is the same person; newest first. */
  alsoBlocking(block: BlockedPersonRecord): readonly BlockedPersonRecord[]
  /**
   * Resolves once it holds here. By a name that is blocked already it keeps what was known of the person. Throws
   * `PeerError` `too-many-blocked`.
   */
  block(block: NewBlock): Promise<BlockedPersonRecord>
  /** False when nobody is blocked by that name. */
  unblock(who: string): Promise<boolean>
  /** Calls back once somebody is blocked, or is known by more; whoever did it, and wherever. */
  onBlocked(listener: () => void): void
}

/** Somebody who may do nothing here: by a block, or by SCIM. */
export interface KeptOutPerson extends BlockedPersonRecord {
  /** Whether by SCIM, which alone takes it back. **Default:** by a block */
  readonly isByScim?: boolean
}

export interface NewBlock extends Omit<BlockedPersonRecord, 'who' | 'blockedAtMs'> {
  /** An email address or a user id. */
  readonly who: string
}

export interface BlockedPeopleOptions {
  readonly store: Pick<Store, 'blockedPeople' | 'feed'>
  readonly clock: Clock
  readonly log: Logger
  /** What spellings of one email address have in common. */
  spelling(email: string): string
}

/** @limit people who are blocked: `too_many_blocked`; delete them at the provider */
const maxBlocked = 10_000

/** Reads everybody who is blocked, and follows it from then on. */
export async function openBlockedPeople(options: BlockedPeopleOptions): Promise<BlockedPeople> {
  const { clock, spelling } = options
  const store = options.store.blockedPeople
  const rows = new Map<string, BlockedPersonRecord>()
  const listeners = new Set<() => void>()
  let userIds: ReadonlySet<string> = new Set()
  let emails: ReadonlySet<string> = new Set()

  const nameOf = (who: string): string => (who.includes('@') ? spelling(who) : who)

  function index(): void {
    const all = [...rows.values()]
    userIds = new Set(all.flatMap((it) => it.userIds))
    emails = new Set(all.flatMap((it) => it.emails.map(spelling)))
  }

  function set(who: string, row: BlockedPersonRecord | undefined): void {
    if (row === undefined) rows.delete(who)
    else rows.set(who, row)
    index()
    if (row !== undefined) for (const listener of listeners) listener()
  }

  const followed = await follow({
    feed: options.store.feed,
    kind: 'blocked-person',
    log: options.log,
    clock,
    async load() {
      for (const row of await store.list()) rows.set(row.who, row)
      index()
    },
    /** The name alone is enough to keep somebody out until the row is here, or while it cannot be read. */
    foretell({ id, change }) {
      if (change === 'ended') set(id, undefined)
      else if (!rows.has(id)) set(id, foretold(id, clock.now()))
    },
    refresh: async (who) => set(who, await store.get(who)),
  })

  const list = (): readonly BlockedPersonRecord[] =>
    [...rows.values()].sort((one, other) => other.blockedAtMs - one.blockedAtMs)
  const isBlocked = ({ userId, email }: KnownPerson): boolean =>
    userIds.has(userId) || (email !== undefined && emails.has(spelling(email)))
  return {
    isBlocked,
    check(person) {
      if (isBlocked(person)) throw personBlocked()
    },
    isNamed: ({ userId, email }, who) =>
      userId === who || (email !== undefined && spelling(email) === nameOf(who)),
    list,
    get: (who) => rows.get(nameOf(who)),
    alsoBlocking({ who, userIds: ids, emails: addresses }) {
      const [known, spelt] = [new Set(ids), new Set(addresses.map(spelling))]
      return list().filter(
        (other) =>
          other.who !== who &&
          (other.userIds.some((id) => known.has(id)) ||
            other.emails.some((email) => spelt.has(spelling(email)))),
      )
    },
    async block({ who: written, ...block }) {
      const who = nameOf(written)
      // The sessions that told by what else a person is known have ended with the first block.
      const known = rows.get(who)
      const own = written.includes('@') ? [who] : []
      const record: BlockedPersonRecord = {
        ...block,
        who,
        userIds: [...new Set([written, ...block.userIds, ...(known?.userIds ?? [])])],
        emails: [...new Set([...own, ...block.emails, ...(known?.emails ?? [])])],
        blockedAtMs: clock.now(),
      }
      if ((await store.put(record, maxBlocked)) === 'full') throw tooMany()
      await followed.settled(who)
      return record
    },
    async unblock(written) {
      const who = nameOf(written)
      const isDone = await store.remove(who)
      await followed.settled(who)
      return isDone
    },
    onBlocked: (listener) => void listeners.add(listener),
  }
}

function foretold(who: string, nowMs: number): BlockedPersonRecord {
  const emails = who.includes('@') ? [who] : []
  return { who, userIds: [who], emails, reason: '', blockedBy: '', blockedAtMs: nowMs }
}

function personBlocked(): AccessError {
  return new AccessError('person-blocked', 'you are blocked on this gateway, and may do nothing', {
    hint: 'ask whoever runs this gateway; signing in again does not help',
  })
}

function tooMany(): PeerError {
  return new PeerError('too-many-blocked', `${maxBlocked} people are blocked already`, {
    hint: 'unblock those whom the provider does not know any more',
  })
}

import { z } from 'zod'
import type { LiveTunnels } from '../access/live-tunnels.ts'
import { PeerError } from '../errors.ts'
import type { BlockedPeople, KeptOutPerson } from '../identity/blocked-people.ts'
import type { AnySession, Session } from '../identity/session.ts'
import type { BlockedPersonRecord } from '../store/request-store.ts'
import { printable } from '../terminal-text.ts'
import { actorName, recordChange, type Actor } from './change.ts'
import { parseInput } from './protocol.ts'
import { isOf, revokeAll, type SessionParts } from './sessions.ts'

/** What the operations on blocked people reach inside the running gateway. */
export interface BlockParts extends Pick<SessionParts, 'audit' | 'logger' | 'identity'> {
  readonly blockedPeople: Pick<
    BlockedPeople,
    'list' | 'get' | 'block' | 'unblock' | 'alsoBlocking' | 'isBlocked' | 'isNamed'
  >
  readonly liveTunnels: Pick<LiveTunnels, 'open' | 'countOf' | 'redecide'>
}

/** Somebody who may do nothing here. Times are RFC 3339. */
export interface BlockSummary {
  /** An email address in lower case, or a user id. */
  readonly who: string
  readonly user_ids: readonly string[]
  readonly emails: readonly string[]
  readonly reason: string
  readonly blocked_by: string
  readonly blocked_at: string
  /** Whether SCIM keeps them out, and no block: they come back once they are active in their directory. */
  readonly by_scim: boolean
}

export interface BlockList {
  readonly blocks: readonly BlockSummary[]
}

/** What ended by a block, on this gateway. */
export interface Blocked {
  readonly block: BlockSummary
  readonly tunnels_cut: number
  readonly sessions_ended: number
}

/** A block that is over. */
export interface Unblocked extends BlockSummary {
  /** The names of other blocks that keep the same person out: they may sign in again once those are over, too. */
  readonly still_blocked_as: readonly string[]
}

export interface BlockOperations {
  /** Newest first. */
  listBlocks(by: Actor): Promise<BlockList>
  /**
   * Keeps somebody out, named by email address or user id, and by all that their sessions know them by: their tunnels
   * are cut, their sessions end, and they can neither sign in nor publish. Throws `PeerError` `malformed-request`,
   * `own-block`, `too-many-blocked`.
   */
  blockPerson(by: Actor, who: string, input: { readonly reason: string }): Promise<Blocked>
  /** Lets them sign in again, unless another block keeps them out. Throws `PeerError` `block-not-found`. */
  unblockPerson(by: Actor, who: string): Promise<Unblocked>
}

/** Longer than an email address can be (RFC 5321 §4.5.3.1), and than a provider's user id (OpenID Connect Core §2). */
const whoInput = z.string().trim().min(1).max(320)
const blockInput = z.strictObject({ reason: z.string().max(500) })

export function blockOperations(parts: BlockParts): BlockOperations {
  const { blockedPeople } = parts
  return {
    listBlocks: () => Promise.resolve({ blocks: blockedPeople.list().map(toSummary) }),
    async blockPerson(by, name, input) {
      const who = parseInput(whoInput, name)
      const reason = printable(parseInput(blockInput, input).reason)
      if (by.kind === 'caller' && blockedPeople.isNamed(by.session, who)) throw ownBlock()
      const before = blockedPeople.get(who)
      const open = parts.liveTunnels.open()
      // By this name at once: looking for the others takes longer than bytes may flow.
      const named = { who, userIds: [], emails: [], reason, blockedBy: actorName(by) }
      const first = await blockedPeople.block(named)
      const cut = open.filter(({ grant }) => isBlocked(grant.caller.session, parts))
      recordChange(parts, by, 'person blocked', { who: first.who, reason, tunnels: cut.length })
      const theirs = await sessionsOf(who, parts)
      // By a former address, say: with all of its names the block would be of whoever asks for it.
      if (by.kind === 'caller' && theirs.some((session) => isSame(session, by.session))) {
        await (before === undefined ? blockedPeople.unblock(who) : blockedPeople.block(before))
        recordChange(parts, by, 'person unblocked', { who: first.who })
        throw ownBlock()
      }
      const names = namesOf(theirs)
      const record = theirs.length === 0 ? first : await blockedPeople.block({ ...named, ...names })
      const ids = theirs.map(({ id }) => id)
      const details = { 'user-ids': record.userIds, emails: record.emails }
      await revokeAll(ids, parts, (revoked) => {
        if (ids.length === 0) return
        recordChange(parts, by, 'sessions revoked', { ...details, 'session-ids': revoked })
      })
      const all = open.filter(({ grant }) => isBlocked(grant.caller.session, parts))
      return { block: toSummary(record), tunnels_cut: all.length, sessions_ended: ids.length }
    },
    async unblockPerson(by, name) {
      const who = parseInput(whoInput, name)
      const record = blockedPeople.get(who)
      if (record === undefined || !(await blockedPeople.unblock(who)))
        throw notBlocked(who, blockedPeople)
      const block = toSummary(record)
      recordChange(parts, by, 'person unblocked', { who: block.who })
      const others = blockedPeople.alsoBlocking(record)
      return { ...block, still_blocked_as: others.map((other) => other.who) }
    },
  }
}

/** Their sessions by that name, and by every user id that those have. */
async function sessionsOf(
  who: string,
  { identity, blockedPeople }: BlockParts,
): Promise<readonly Session[]> {
  const all: Session[] = []
  for await (const session of identity.listSessions()) all.push(session)
  const named = all.filter((session) => blockedPeople.isNamed(session, who))
  const userIds = new Set(named.map(({ userId }) => userId))
  return all.filter(({ userId }) => userIds.has(userId))
}

/** No address that they only claim: it may be somebody else's, who would be kept out with them. */
function namesOf(sessions: readonly Session[]): Pick<BlockedPersonRecord, 'userIds' | 'emails'> {
  return {
    userIds: sessions.map(({ userId }) => userId),
    emails: sessions.flatMap(({ email, emailVerified }) => (emailVerified ? (email ?? []) : [])),
  }
}

function isSame(session: Session, { userId, email }: AnySession): boolean {
  return session.userId === userId || (email !== undefined && isOf(session, email))
}

function isBlocked(session: AnySession | undefined, { blockedPeople }: BlockParts): boolean {
  return session?.kind === 'person' && blockedPeople.isBlocked(session)
}

function toSummary(record: KeptOutPerson): BlockSummary {
  return {
    who: record.who,
    user_ids: record.userIds,
    emails: record.emails,
    reason: record.reason,
    blocked_by: record.blockedBy,
    blocked_at: new Date(record.blockedAtMs).toISOString(),
    by_scim: record.isByScim ?? false,
  }
}

function ownBlock(): PeerError {
  return new PeerError('own-block', 'nobody blocks themselves', {
    hint: 'ask another administrator',
  })
}

function notBlocked(who: string, { isBlocked }: BlockParts['blockedPeople']): PeerError {
  const isElsewhere = isBlocked({ userId: who, email: who })
  return new PeerError('block-not-found', `nobody is blocked by the name "${printable(who)}"`, {
    hint: isElsewhere
      ? 'they are kept out by another name, or deactivated by SCIM: activate them in the directory'
      : undefined,
  })
}

import type { LiveTunnels } from '../access/live-tunnels.ts'
import { PeerError } from '../errors.ts'
import type { AnySession, Session } from '../identity/session.ts'
import { recordChange, type Actor, type ChangeParts } from './change.ts'
import { z } from 'zod'
import type { Authority } from './authority.ts'
import {
  parseInput,
  type OwnSession,
  type Revocation,
  type SessionList,
  type SessionsWanted,
  type SessionSummary,
} from './protocol.ts'

/** What the operations on people's sessions reach inside the running gateway. */
export interface SessionParts extends ChangeParts {
  readonly authority: Authority
  readonly identity: {
    /** Newest first. */
    listSessions(): AsyncIterable<Session>
    /** Some more of them, of those with `text` in their names. */
    sessionPage(
      maxSessions: number,
      options: { readonly after?: Pick<Session, 'id' | 'issuedAtMs'>; readonly text?: string },
    ): Promise<readonly Session[]>
    countSessions(text?: string): Promise<number>
    /** A person's, newest first. */
    sessionsOf(userId: string): Promise<readonly Session[]>
    /** False when there was none. */
    revokeSession(id: string): Promise<boolean>
  }
  readonly liveTunnels: Pick<LiveTunnels, 'countOf' | 'redecide'>
}

/** Operations on the sessions of people. */
export interface SessionOperations {
  /** Newest first. */
  listSessions(by: Actor): AsyncIterable<SessionSummary>
  /** Some of them, newest first: a page of those that are looked for, however many there are. */
  findSessions(by: Actor, wanted: SessionsWanted): Promise<SessionList>
  /** How many there are, or how many with this in their names. */
  countSessions(by: Actor, text?: string): Promise<number>
  /** Resolves once its tunnels are cut. Throws `PeerError` `session-not-found`. */
  revokeSession(by: Actor, id: string): Promise<Revocation>
  /** Ends every session of one person, named by email address or user id; there may be none. */
  revokeUser(by: Actor, user: string): Promise<Revocation>
  /** Those of the person who asks, newest first; none for a service account. */
  listOwnSessions(by: Actor): Promise<readonly OwnSession[]>
  /** As `revokeSession`, of a session of the person who asks: another's is not there. */
  revokeOwnSession(by: Actor, id: string): Promise<Revocation>
}

export function sessionOperations(parts: SessionParts): SessionOperations {
  const { identity } = parts
  return {
    async *listSessions() {
      for await (const session of identity.listSessions()) yield summarize(session, parts)
    },
    async findSessions(_by, input) {
      const { max, text, after } = parseInput(wantedInput, input)
      const found = await identity.sessionPage(max, {
        ...(text === undefined ? {} : { text }),
        ...(after === undefined ? {} : { after: { id: after.id, issuedAtMs: after.issued_at } }),
      })
      return { sessions: found.map((session) => summarize(session, parts)) }
    },
    countSessions: (_by, text) => identity.countSessions(text),
    revokeSession,
    async revokeUser(by, user) {
      const ids: string[] = []
      for await (const session of identity.listSessions())
        if (isOf(session, user)) ids.push(session.id)
      // Looking for them took its time.
      parts.authority.require(by, 'revokeUser')
      await revokeAll(ids, parts, (revoked) =>
        recordChange(parts, by, 'sessions revoked', { 'session-ids': revoked }),
      )
      return { revoked: ids }
    },
    async listOwnSessions(by) {
      const own = await ownSessions(by)
      return own.map((session) => {
        const { id, issued_at, expires_at, tunnels, ...rest } = summarize(session, parts)
        const { device, kind, ip, last_used_at } = rest
        const current = by.kind === 'caller' && by.session.id === id
        return { id, current, issued_at, expires_at, device, kind, ip, last_used_at, tunnels }
      })
    },
    async revokeOwnSession(by, id) {
      const own = await ownSessions(by)
      if (!own.some((session) => session.id === id)) throw notFound(id)
      parts.authority.require(by, 'revokeOwnSession')
      return revokeSession(by, id)
    },
  }

  async function revokeSession(by: Actor, id: string): Promise<Revocation> {
    if (!(await identity.revokeSession(id))) throw notFound(id)
    recordChange(parts, by, 'sessions revoked', { 'session-ids': [id] })
    await cutSession(id, parts)
    return { revoked: [id] }
  }

  async function ownSessions(by: Actor): Promise<readonly Session[]> {
    if (by.kind !== 'caller' || by.session.kind !== 'person') return []
    return identity.sessionsOf(by.session.userId)
  }
}

/** @limit sessions that one question about them answers: the command is refused */
const maxFound = 501

const wantedInput = z.strictObject({
  max: z.int().min(1).max(maxFound),
  text: z.string().max(256).optional(),
  after: z
    .strictObject({ id: z.string().max(256), issued_at: z.iso.datetime().transform(Date.parse) })
    .optional(),
})

/**
 * Those who sign in meanwhile wait for so many writes, and not for those of thousands of sessions.
 *
 * @limit none: sessions of one person that are ended at once, the others after them
 */
const maxEndedAtOnce = 100

/**
 * Ends sessions and resolves once their tunnels are cut. `record` is told what has ended, also when some of
 * them could not be.
 */
export async function revokeAll(
  ids: readonly string[],
  parts: Pick<SessionParts, 'identity' | 'liveTunnels'>,
  record: (revoked: readonly string[]) => void,
): Promise<void> {
  const results: PromiseSettledResult<boolean>[] = []
  for (let start = 0; start < ids.length; start += maxEndedAtOnce) {
    const some = ids.slice(start, start + maxEndedAtOnce)
    const ended = some.map((id) => parts.identity.revokeSession(id))
    results.push(...(await Promise.allSettled(ended)))
  }
  record(ids.filter((_, index) => results[index]?.status === 'fulfilled'))
  await Promise.all(ids.map((id) => cutSession(id, parts)))
  const failed = results.find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
}

/** Resolves once the tunnels of a session that has ended are cut, which is under way already. */
export function cutSession(
  sessionId: string,
  { liveTunnels }: Pick<SessionParts, 'liveTunnels'>,
): Promise<void> {
  return liveTunnels.redecide({ sessionId, ended: 'session-revoked' })
}

/** Whether somebody is meant by an email address or a user id. */
export function isOf({ userId, email }: AnySession, user: string): boolean {
  return userId === user || email?.toLowerCase() === user.toLowerCase()
}

function notFound(id: string): PeerError {
  return new PeerError('session-not-found', `there is no session "${id}"`)
}

function summarize(session: Session, { liveTunnels }: SessionParts): SessionSummary {
  const { id, userId, email, name, provider, groups, issuedAtMs, expiresAtMs } = session
  const { device, client, address, lastUsedAtMs = issuedAtMs } = session
  return {
    id,
    user: userId,
    email: email ?? null,
    name: name ?? null,
    provider,
    groups,
    issued_at: new Date(issuedAtMs).toISOString(),
    expires_at: new Date(expiresAtMs).toISOString(),
    device: device ?? null,
    kind: device === undefined ? (client ?? null) : 'device',
    ip: address ?? null,
    last_used_at: new Date(lastUsedAtMs).toISOString(),
    tunnels: liveTunnels.countOf(id),
  }
}

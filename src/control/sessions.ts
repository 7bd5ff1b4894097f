import type { LiveTunnels } from '../access/live-tunnels.ts'
import { PeerError } from '../errors.ts'
import type { AnySession, Session } from '../identity/session.ts'
import { recordChange, type Actor, type ChangeParts } from './change.ts'
import type { Revocation, SessionSummary } from './protocol.ts'

/** What the operations on people's sessions reach inside the running gateway. */
export interface SessionParts extends ChangeParts {
  readonly identity: {
    /** Newest first. */
    listSessions(): AsyncIterable<Session>
    countSessions(): Promise<number>
    /** False when there was none. */
    revokeSession(id: string): Promise<boolean>
  }
  readonly liveTunnels: Pick<LiveTunnels, 'countOf' | 'redecide'>
}

/** Operations on the sessions of people. */
export interface SessionOperations {
  /** Newest first. */
  listSessions(by: Actor): AsyncIterable<SessionSummary>
  countSessions(by: Actor): Promise<number>
  /** Resolves once its tunnels are cut. Throws `PeerError` `session-not-found`. */
  revokeSession(by: Actor, id: string): Promise<Revocation>
  /** Ends every session of one person, named by email address or user id; there may be none. */
  revokeUser(by: Actor, user: string): Promise<Revocation>
}

export function sessionOperations(parts: SessionParts): SessionOperations {
  const { identity } = parts
  return {
    async *listSessions() {
      for await (const session of identity.listSessions()) yield summarize(session, parts)
    },
    countSessions: () => identity.countSessions(),
    async revokeSession(by, id) {
      if (!(await identity.revokeSession(id))) throw notFound(id)
      recordChange(parts, by, 'sessions revoked', { 'session-ids': [id] })
      await cutSession(id, parts)
      return { revoked: [id] }
    },
    async revokeUser(by, user) {
      const ids: string[] = []
      for await (const session of identity.listSessions())
        if (isOf(session, user)) ids.push(session.id)
      await revokeAll(ids, parts, (revoked) =>
        recordChange(parts, by, 'sessions revoked', { 'session-ids': revoked }),
      )
      return { revoked: ids }
    },
  }
}

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
  const { id, userId, email, name, groups, issuedAtMs, expiresAtMs } = session
  return {
    id,
    user: userId,
    email: email ?? null,
    name: name ?? null,
    groups,
    issued_at: new Date(issuedAtMs).toISOString(),
    expires_at: new Date(expiresAtMs).toISOString(),
    device: session.device ?? null,
    tunnels: liveTunnels.countOf(id),
  }
}

import type { RowChange, SessionRecord, SessionStore, Stored } from '../store/store.ts'

/**
 * Refreshes, renewals and other gateways write the same session.
 *
 * @limit none: how often a session is read again that was written meanwhile; a renewal is an ordinary sign-in then
 */
const maxAttempts = 20

interface Rewritten {
  readonly next: Stored<SessionRecord>
  readonly change: RowChange
}

export interface RewrittenSession {
  readonly before: SessionRecord
  /** As it is there now. */
  readonly after: Stored<SessionRecord>
}

/**
 * Reads, judges and writes a session in one: whatever is written in between is judged again. Undefined where it has
 * ended, and where `write` answers so.
 */
export async function rewriteSession(
  sessions: Pick<SessionStore, 'get' | 'update'>,
  id: string,
  write: (record: Stored<SessionRecord>) => Rewritten | undefined,
): Promise<RewrittenSession | undefined> {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const before = await sessions.get(id)
    const written = before && write(before)
    if (before === undefined || written === undefined) return undefined
    const revision = await sessions.update(written.next, written.change)
    if (revision !== undefined) return { before, after: { ...written.next, revision } }
  }
  return undefined
}

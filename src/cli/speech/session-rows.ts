import type { SessionSummary } from '../../control/protocol.ts'
import { sayTime } from '../../say-time.ts'
import type { Rows } from './table.ts'

/** What a gateway of a former release does not say. */
type Later = 'kind' | 'ip' | 'last_used_at'
type Listed = Omit<SessionSummary, Later> & Partial<Pick<SessionSummary, Later>>

/** The table of sessions, as every list of them shows it. */
export function sessionRows(sessions: readonly Listed[]): Rows {
  const rows = sessions.map((session) => [
    session.email ?? session.user,
    kindOf(session),
    session.ip ?? '-',
    sayTime(session.issued_at),
    session.last_used_at === undefined ? '-' : sayTime(session.last_used_at),
    sayTime(session.expires_at),
    String(session.tunnels),
    session.id,
  ])
  return [['WHO', 'KIND', 'FROM', 'SIGNED IN', 'LAST USED', 'UNTIL', 'TUNNELS', 'SESSION'], ...rows]
}

function kindOf({ kind, device }: Listed): string {
  if (device !== null) return device === '' ? 'device' : `device ${device}`
  return kind?.replace('-', ' ') ?? '-'
}

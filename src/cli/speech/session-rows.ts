import type { SessionSummary } from '../../control/protocol.ts'
import { sayTime } from '../../say-time.ts'
import type { Rows } from './table.ts'

/** The table of sessions, as every list of them shows it. */
export function sessionRows(sessions: readonly SessionSummary[]): Rows {
  const rows = sessions.map((session) => [
    session.email ?? session.user,
    kindOf(session),
    session.ip ?? '-',
    sayTime(session.issued_at),
    sayTime(session.last_used_at),
    sayTime(session.expires_at),
    String(session.tunnels),
    session.id,
  ])
  return [['WHO', 'KIND', 'FROM', 'SIGNED IN', 'LAST USED', 'UNTIL', 'TUNNELS', 'SESSION'], ...rows]
}

function kindOf({ kind, device }: SessionSummary): string {
  if (device !== null) return device === '' ? 'device' : `device ${device}`
  return kind === null ? '-' : kind.replace('-', ' ')
}

import { createControlClient } from '../../control/client.ts'
import type { SessionSummary } from '../../control/protocol.ts'
import { SystemError } from '../../errors.ts'
import { exitCodes } from '../process/exit-codes.ts'
import type { SessionsOptions } from './gateway-options.ts'
import { findStateDirectory } from './state-directory.ts'
import { note, printJson, printLine } from '../speech/print.ts'
import { minutes, printTable, type Rows } from '../speech/table.ts'

/** Prints who is signed in; resolves to the exit code. */
export async function listSessions(options: SessionsOptions): Promise<number> {
  const { sessions } = await createControlClient(await findStateDirectory(options)).listSessions()
  if (options.json) printJson({ sessions })
  else if (sessions.length === 0) note('nobody is signed in')
  else printTable(rowsOf(sessions))
  return exitCodes.ok
}

/** Ends a session, or all of a person; resolves to the exit code. */
export async function revokeSessions(who: string, options: SessionsOptions): Promise<number> {
  const client = createControlClient(await findStateDirectory(options))
  const { sessions } = await client.listSessions()
  const isSession = sessions.some(({ id }) => id === who)
  const { revoked } = isSession ? await client.revokeSession(who) : await client.revokeUser(who)
  if (revoked.length === 0) {
    throw new SystemError(
      'session-not-found',
      `there is no session of "${who}", nor one with this id`,
      {
        hint: '"postern gateway sessions list" shows those there are',
      },
    )
  }
  for (const id of revoked) printLine(id)
  note(`revoked ${revoked.length === 1 ? '1 session' : `${revoked.length} sessions`}`)
  return exitCodes.ok
}

function rowsOf(sessions: readonly SessionSummary[]): Rows {
  const rows = sessions.map((session) => [
    session.email ?? session.user,
    minutes(session.issued_at),
    minutes(session.expires_at),
    String(session.tunnels),
    session.device ?? '-',
    session.id,
  ])
  return [['WHO', 'SIGNED IN', 'UNTIL', 'TUNNELS', 'DEVICE', 'SESSION'], ...rows]
}

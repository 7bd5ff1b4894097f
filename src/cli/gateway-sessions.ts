import { createControlClient } from '../gateway/control/client.ts'
import type { SessionSummary } from '../gateway/control/protocol.ts'
import { SystemError } from '../errors.ts'
import { exitCodes } from './exit-codes.ts'
import type { SessionsOptions } from './gateway-options.ts'
import { findStateDirectory } from './state-directory.ts'
import { formatTable, minutes } from './table.ts'

/** Prints who is signed in; resolves to the exit code. */
export async function listSessions(options: SessionsOptions): Promise<number> {
  const { sessions } = await createControlClient(await findStateDirectory(options)).listSessions()
  if (options.json) process.stdout.write(`${JSON.stringify({ sessions }, undefined, 2)}\n`)
  else if (sessions.length === 0) process.stderr.write('nobody is signed in\n')
  else process.stdout.write(formatSessions(sessions))
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
  process.stdout.write(revoked.map((id) => `${id}\n`).join(''))
  process.stderr.write(
    `revoked ${revoked.length === 1 ? '1 session' : `${revoked.length} sessions`}\n`,
  )
  return exitCodes.ok
}

function formatSessions(sessions: readonly SessionSummary[]): string {
  const rows = sessions.map((session) => [
    session.email ?? session.user,
    minutes(session.issued_at),
    minutes(session.expires_at),
    String(session.tunnels),
    session.device ?? '-',
    session.id,
  ])
  return formatTable([['WHO', 'SIGNED IN', 'UNTIL', 'TUNNELS', 'DEVICE', 'SESSION'], ...rows])
}

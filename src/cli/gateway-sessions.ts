import { createControlClient } from '../gateway/control/client.ts'
import type { SessionSummary } from '../gateway/control/protocol.ts'
import { defaultStateDirectory, loadConfig } from '../gateway/config/load.ts'
import { SystemError } from '../errors.ts'
import { exitCodes } from './exit-codes.ts'
import type { SessionsOptions } from './gateway-options.ts'

/** Prints who is signed in; resolves to the exit code. */
export async function listSessions(options: SessionsOptions): Promise<number> {
  const { sessions } = await createControlClient(await stateDirectory(options)).listSessions()
  if (options.json) process.stdout.write(`${JSON.stringify({ sessions }, undefined, 2)}\n`)
  else if (sessions.length === 0) process.stderr.write('nobody is signed in\n')
  else process.stdout.write(formatTable(sessions))
  return exitCodes.ok
}

/** Ends a session, or all of a person; resolves to the exit code. */
export async function revokeSessions(who: string, options: SessionsOptions): Promise<number> {
  const client = createControlClient(await stateDirectory(options))
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

async function stateDirectory({ stateDirectory, config }: SessionsOptions): Promise<string> {
  if (stateDirectory !== undefined) return stateDirectory
  if (config === undefined) return defaultStateDirectory(process.env)
  return (await loadConfig({ path: config, env: process.env })).config.stateDirectory
}

function formatTable(sessions: readonly SessionSummary[]): string {
  const rows = sessions.map((session) => [
    session.email ?? session.user,
    minutes(session.issued_at),
    minutes(session.expires_at),
    String(session.tunnels),
    session.id,
  ])
  const table = [['WHO', 'SIGNED IN', 'UNTIL', 'TUNNELS', 'SESSION'], ...rows]
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  )
  return table
    .map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`)
    .join('')
}

/** `2026-08-20 10:00Z` */
function minutes(time: string): string {
  return `${time.slice(0, 16).replace('T', ' ')}Z`
}

import { createControlClient, type ControlClient } from '../../control/client.ts'
import { SystemError } from '../../errors.ts'
import { exitCodes } from '../process/exit-codes.ts'
import type { SessionsOptions } from './gateway-options.ts'
import { findStateDirectory } from './state-directory.ts'
import { note, printJson, printLine } from '../speech/print.ts'
import { sessionRows } from '../speech/session-rows.ts'
import { printTable } from '../speech/table.ts'

/** Prints who is signed in; resolves to the exit code. */
export async function listSessions(options: SessionsOptions): Promise<number> {
  const { sessions } = await createControlClient(await findStateDirectory(options)).listSessions()
  if (options.json) printJson({ sessions })
  else if (sessions.length === 0) note('nobody is signed in')
  else printTable(sessionRows(sessions))
  return exitCodes.ok
}

/** Ends a session, or all of a person; resolves to the exit code. */
export async function revokeSessions(who: string, options: SessionsOptions): Promise<number> {
  const client = createControlClient(await findStateDirectory(options))
  const { sessions } = await client.listSessions()
  const isSession = sessions.some(({ id }) => id === who)
  const { revoked } = isSession ? await client.revokeSession(who) : await client.revokeUser(who)
  const theirs = sessions.filter(({ id }) => revoked.includes(id)).map(({ user }) => user)
  const publishers = await publishersAmong(client, [who, ...theirs])
  if (revoked.length === 0) throw notFound(who, publishers)
  for (const id of revoked) printLine(id)
  note(`revoked ${revoked.length === 1 ? '1 session' : `${revoked.length} sessions`}`)
  for (const publisher of publishers)
    note(
      `"${publisher}" may still publish from machines that signed in for it: "${revokeCommand(publisher)}" ends that`,
    )
  return exitCodes.ok
}

/** Of these people, by email address or user id, those who have a publish credential, which outlives sessions. */
async function publishersAmong(
  client: ControlClient,
  people: readonly string[],
): Promise<readonly string[]> {
  const { publishers } = await client.listPublishers()
  const names = new Set(people.map((name) => name.toLowerCase()))
  const live = publishers.filter(
    ({ state, user, user_id: id }) =>
      state === 'active' && [user, id].some((name) => names.has(name.toLowerCase())),
  )
  return [...new Set(live.map(({ user }) => user))]
}

/** A provider's word is no part of a command that somebody pastes, unless a shell takes it as it is. */
function revokeCommand(who: string): string {
  return `postern gateway publishers revoke ${/^[\w.@+-]+$/.test(who) ? who : 'USER'}`
}

function notFound(who: string, publishers: readonly string[]): SystemError {
  const text = `there is no session of "${who}", nor one with this id`
  const hint =
    publishers.length > 0
      ? `"${revokeCommand(who)}" ends what they publish by`
      : '"postern gateway sessions list" shows those there are'
  return new SystemError('session-not-found', text, { hint })
}

import { createControlClient } from '../../control/client.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { afterUnblock } from '../speech/after-unblock.ts'
import { note, printJson, printLine } from '../speech/print.ts'
import { sayTime } from '../../say-time.ts'
import { printTable } from '../speech/table.ts'
import type { StateOptions } from './gateway-options.ts'
import { findStateDirectory } from './state-directory.ts'
import { secondsOf } from '../request/seconds-of.ts'

export interface ListOptions extends StateOptions {
  readonly all?: boolean
  readonly json?: boolean
}

export interface AnswerOptions extends StateOptions {
  readonly for?: string
  readonly note?: string
  readonly json?: boolean
}

export interface UnblockOptions extends StateOptions {
  readonly json?: boolean
}

export interface BlockOptions extends UnblockOptions {
  readonly reason?: string
}

/** Prints requests for access; resolves to the exit code, as all of these. */
export async function listRequests(options: ListOptions): Promise<number> {
  const client = await clientFor(options)
  const { requests } = await client.listAccessRequests(options.all === true ? undefined : 'pending')
  if (options.json === true) printJson({ requests })
  else if (requests.length === 0) note('nobody waits for an answer')
  else
    printTable([
      ['ID', 'WHO', 'ROUTE', 'STATE', 'FOR', 'ASKED', 'UNTIL', 'REASON'],
      ...requests.map((it) => [
        it.id,
        it.email ?? it.user_id,
        it.route_name,
        it.break_glass ? `${it.state}, glass broken` : it.state,
        `${it.for_seconds}s`,
        sayTime(it.asked_at),
        it.until === undefined ? '' : sayTime(it.until),
        it.reason,
      ]),
    ])
  return exitCodes.ok
}

export async function answerRequest(
  word: 'approve' | 'deny' | 'end',
  id: string,
  options: AnswerOptions,
): Promise<number> {
  const client = await clientFor(options)
  const { note: said } = options
  const forSeconds = options.for === undefined ? undefined : secondsOf(options.for)
  const answered =
    word === 'approve'
      ? await client.approveAccess(id, { note: said, for_seconds: forSeconds })
      : word === 'deny'
        ? await client.denyAccess(id, said)
        : await client.endAccess(id, said)
  if (options.json === true) {
    printJson(answered)
    return exitCodes.ok
  }
  const { state, until, email, user_id: userId, route_name: route } = answered
  const end = state === 'approved' && until !== undefined ? ` until ${sayTime(until)}` : ''
  printLine(`${answered.id}: ${state}${end}`)
  if (state === 'approved') note(`${email ?? userId} may use "${route}" from now on`)
  return exitCodes.ok
}

export async function listBlocks(options: ListOptions): Promise<number> {
  const { blocks } = await (await clientFor(options)).listBlocks()
  if (options.json === true) printJson({ blocks })
  else if (blocks.length === 0) note('nobody is blocked')
  else
    printTable([
      ['WHO', 'SINCE', 'BY', 'REASON'],
      ...blocks.map((it) => [it.who, sayTime(it.blocked_at), it.blocked_by, it.reason]),
    ])
  return exitCodes.ok
}

export async function addBlock(who: string, options: BlockOptions): Promise<number> {
  const client = await clientFor(options)
  const blocked = await client.blockPerson(who, options.reason ?? '')
  if (options.json === true) printJson(blocked)
  else {
    printLine(blocked.block.who)
    note(`cut ${blocked.tunnels_cut} tunnels, ended ${blocked.sessions_ended} sessions`)
  }
  return exitCodes.ok
}

export async function removeBlock(who: string, options: UnblockOptions): Promise<number> {
  const unblocked = await (await clientFor(options)).unblockPerson(who)
  if (options.json === true) printJson({ block: unblocked })
  else {
    printLine(unblocked.who)
    note(afterUnblock(unblocked))
  }
  return exitCodes.ok
}

async function clientFor(options: StateOptions) {
  return createControlClient(await findStateDirectory(options))
}

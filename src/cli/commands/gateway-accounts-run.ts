import type { AccountInvitation, AccountSummary } from '../../control/accounts.ts'
import { createControlClient } from '../../control/client.ts'
import { sayTime } from '../../say-time.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { secondsOf } from '../request/seconds-of.ts'
import { note, printJson, printLine } from '../speech/print.ts'
import { printTable } from '../speech/table.ts'
import type { StateOptions } from './gateway-options.ts'
import { findStateDirectory } from './state-directory.ts'

export interface AccountOptions extends StateOptions {
  readonly json?: boolean
}

export interface LinkOptions extends AccountOptions {
  readonly expires?: string
}

export interface InviteOptions extends LinkOptions {
  readonly name?: string
  readonly group?: readonly string[]
}

export type GroupsOptions = AccountOptions

/** Prints the link of a new account; resolves to the exit code, as all of these. */
export async function inviteAccount(email: string, options: InviteOptions): Promise<number> {
  const { name, group: groups } = options
  const client = await clientFor(options)
  const invitation = await client.inviteAccount({ email, name, groups, ...lifeOf(options) })
  return printLink(invitation, options)
}

export async function resetAccount(who: string, options: LinkOptions): Promise<number> {
  const client = await clientFor(options)
  const invitation = await client.resetAccount(who, lifeOf(options))
  note(`removed the passkeys of ${invitation.email}, and ended their sessions`)
  return printLink(invitation, options)
}

export async function listAccounts(options: AccountOptions): Promise<number> {
  const { accounts } = await (await clientFor(options)).listAccounts()
  if (options.json === true) printJson({ accounts })
  else if (accounts.length === 0) note('there is no account: "accounts invite" makes one')
  else
    printTable([
      ['EMAIL', 'NAME', 'STATE', 'PASSKEYS', 'LAST USED', 'GROUPS'],
      ...accounts.map((it) => [
        it.email,
        it.name ?? '-',
        sayState(it),
        sayPasskeys(it),
        it.last_used_at === null ? 'never' : sayTime(it.last_used_at),
        it.groups.length === 0 ? '-' : it.groups.join(', '),
      ]),
    ])
  return exitCodes.ok
}

const done = { disable: 'disabled', enable: 'enabled', remove: 'removed' } as const

export async function changeAccount(
  change: keyof typeof done,
  who: string,
  options: AccountOptions,
): Promise<number> {
  const changed = await (await clientFor(options)).changeAccount(change, who)
  if (options.json === true) printJson(changed)
  else printLine(changed.email)
  const ended = change === 'enable' ? '' : ': their sessions and tunnels have ended'
  note(`${done[change]}${ended}`)
  return exitCodes.ok
}

export async function setGroups(
  who: string,
  groups: readonly string[],
  options: GroupsOptions,
): Promise<number> {
  const changed = await (await clientFor(options)).setAccountGroups(who, groups)
  if (options.json === true) printJson({ ...changed, groups })
  else printLine(changed.email)
  note(groups.length === 0 ? 'in no group now' : `in ${groups.join(', ')} now`)
  return exitCodes.ok
}

function printLink(invitation: AccountInvitation, { json }: LinkOptions): number {
  if (json === true) printJson(invitation)
  else printLine(invitation.url)
  const until = sayTime(invitation.expires_at)
  note(`send this link to ${invitation.email} and to nobody else: it is good once, until ${until}`)
  return exitCodes.ok
}

function lifeOf({ expires }: LinkOptions): { readonly expires_in_seconds?: number } {
  return expires === undefined ? {} : { expires_in_seconds: secondsOf(expires) }
}

function sayState({ state, invited_until: until }: AccountSummary): string {
  return state === 'invited' && until !== null ? `invited until ${sayTime(until)}` : state
}

function sayPasskeys({ passkeys, passkeys_of_another_host: foreign }: AccountSummary): string {
  return foreign === 0 ? String(passkeys) : `${passkeys} (${foreign} of another host)`
}

async function clientFor(options: StateOptions) {
  return createControlClient(await findStateDirectory(options))
}

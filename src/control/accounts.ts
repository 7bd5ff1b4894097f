import { z } from 'zod'
import type { LiveTunnels } from '../access/live-tunnels.ts'
import type { Clock } from '../clock.ts'
import { PeerError } from '../errors.ts'
import type { ListedAccount, NewInvitation } from '../identity/accounts.ts'
import type { LocalAccounts } from '../identity/local-accounts.ts'
import type { Session } from '../identity/session.ts'
import { show } from '../schema.ts'
import type { AccountRecord } from '../store/account-store.ts'
import type { Authority, OperationName } from './authority.ts'
import { actorName, recordChange, type Actor, type ChangeParts } from './change.ts'
import { parseInput } from './protocol.ts'
import { cutSession } from './sessions.ts'

/** What the operations on the gateway's own accounts reach inside the running gateway. */
export interface AccountParts extends ChangeParts {
  readonly authority: Pick<Authority, 'require'>
  readonly identity: {
    /** Undefined where the gateway has none. */
    readonly localAccounts: LocalAccounts | undefined
    sessionsOf(userId: string): Promise<readonly Session[]>
  }
  readonly liveTunnels: Pick<LiveTunnels, 'countOf' | 'redecide'>
  readonly clock: Clock
}

/** An account as `postern gateway accounts list` shows it. Times are RFC 3339. */
export interface AccountSummary {
  /** The user id of its person. */
  readonly id: string
  readonly email: string
  /** Null until its person has given one. */
  readonly name: string | null
  readonly groups: readonly string[]
  /** `invited`: its link waits for its person; `locked-out`: there is neither a link nor a passkey that works. */
  readonly state: 'active' | 'invited' | 'locked-out' | 'disabled'
  readonly passkeys: number
  /** Those of them that were made for another host name, and do not work here. */
  readonly passkeys_of_another_host: number
  readonly created_at: string
  readonly created_by: string
  /** When its link ends; null without one. */
  readonly invited_until: string | null
  /** When a passkey was used; null for never. */
  readonly last_used_at: string | null
}

export interface AccountList {
  readonly accounts: readonly AccountSummary[]
}

export interface AccountInvitationInput {
  readonly email: string
  readonly name?: string | undefined
  readonly groups?: readonly string[] | undefined
  readonly expires_in_seconds?: number | undefined
}

/** A link at the only moment it is known. */
export interface AccountInvitation {
  readonly id: string
  readonly email: string
  readonly url: string
  readonly expires_at: string
}

/** An account that was changed. */
export interface AccountChanged {
  readonly id: string
  readonly email: string
}

/**
 * Operations on the accounts of the gateway itself. `who` is an email address or a user id. Each throws what `Accounts`
 * throws, and `PeerError` `no-local-accounts`, `malformed-request`.
 */
export interface AccountOperations {
  /** By email address: as many as there are. */
  listAccounts(by: Actor): Promise<AccountList>
  inviteAccount(by: Actor, invitation: AccountInvitationInput): Promise<AccountInvitation>
  /** Resolves once its tunnels are cut, as all of these that end sessions. */
  resetAccount(
    by: Actor,
    who: string,
    input: Pick<AccountInvitationInput, 'expires_in_seconds'>,
  ): Promise<AccountInvitation>
  disableAccount(by: Actor, who: string): Promise<AccountChanged>
  enableAccount(by: Actor, who: string): Promise<AccountChanged>
  removeAccount(by: Actor, who: string): Promise<AccountChanged>
  setAccountGroups(
    by: Actor,
    who: string,
    input: { readonly groups: readonly string[] },
  ): Promise<AccountChanged>
}

/** @limit life of an invitation, `--expires`: the link is not valid, ask for another */
const defaultLifeSeconds = 72 * 3600
/** @limit longest `--expires` of an invitation: the command is refused */
const maxLifeSeconds = 30 * 24 * 3600
/** @limit none: shortest life of an invitation */
const minLifeSeconds = 60
/** @limit groups of an account: the command is refused */
const maxGroups = 100
/** @limit characters of the name of a group of an account: the command is refused */
const maxGroupChars = 200
/**
 * Longest that can be sent to (RFC 5321 §4.5.3.1.3).
 *
 * @limit email address of an account: the command is refused
 */
const maxEmailChars = 254

const line = (maxChars: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maxChars)
    .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u, 'must be one line')
const lifeSeconds = z.int().default(defaultLifeSeconds)
const groups = z.array(line(maxGroupChars)).max(maxGroups)
const invitationInput = z.strictObject({
  email: z.string().trim().max(1000),
  name: line(100).optional(),
  groups: groups.optional(),
  expires_in_seconds: lifeSeconds,
})
const emailShape = /^[^\s\p{C}@<>()"',;:\\[\]]+@[^\s\p{C}@<>()"',;:\\[\]]+$/u
const resetInput = z.strictObject({ expires_in_seconds: lifeSeconds })
const groupsInput = z.strictObject({ groups })

export function accountOperations(parts: AccountParts): AccountOperations {
  /** Each waits for others and reads before it writes, and roles go meanwhile. */
  const admit = (by: Actor, operation: OperationName) => () =>
    parts.authority.require(by, operation)
  const local = (): LocalAccounts => {
    if (parts.identity.localAccounts === undefined) throw noAccounts()
    return parts.identity.localAccounts
  }
  const changed = (account: AccountRecord): AccountChanged => ({
    id: local().accounts.userIdOf(account),
    email: account.email,
  })
  const record = (by: Actor, event: string, account: AccountRecord, details: object = {}): void =>
    recordChange(parts, by, event, {
      account: account.id,
      email: account.email,
      groups: account.groups,
      ...details,
    })

  /** Resolves once the sessions that a change ends are over, and their tunnels cut: what is told is so. */
  async function ending<T>(who: string, change: () => Promise<T>): Promise<T> {
    const { accounts, settled } = local()
    const account = await accounts.get(who)
    const theirs = await parts.identity.sessionsOf(accounts.userIdOf(account))
    const result = await change()
    await settled(account)
    await Promise.all(theirs.map(({ id }) => cutSession(id, parts)))
    return result
  }

  function linkOf(made: NewInvitation): AccountInvitation {
    const { href: url } = local().invitationUrl(made)
    return { ...changed(made.account), url, expires_at: timeOf(made.expiresAtMs) }
  }

  async function setDisabled(by: Actor, who: string, isDisabled: boolean): Promise<AccountChanged> {
    const operation = isDisabled ? 'disableAccount' : 'enableAccount'
    const change = () => local().accounts.setDisabled(who, isDisabled, admit(by, operation))
    const account = await (isDisabled ? ending(who, change) : change())
    record(by, isDisabled ? 'account disabled' : 'account enabled', account)
    return changed(account)
  }

  return {
    async listAccounts() {
      const { accounts } = local()
      const listed = await accounts.list()
      return {
        accounts: listed.map((it) => ({
          ...changed(it.account),
          ...summaryOf(it, parts.clock.now()),
        })),
      }
    },
    async inviteAccount(by, input) {
      const { email, name, groups, expires_in_seconds } = parseInput(invitationInput, input)
      checkEmail(email)
      checkLife(expires_in_seconds)
      const made = await local().accounts.invite(
        { email, name, groups, by: actorName(by), lifeMs: expires_in_seconds * 1000 },
        admit(by, 'inviteAccount'),
      )
      record(by, 'account invited', made.account, { 'expires-at': timeOf(made.expiresAtMs) })
      return linkOf(made)
    },
    async resetAccount(by, who, input) {
      const { expires_in_seconds } = parseInput(resetInput, input)
      checkLife(expires_in_seconds)
      const inviter = { by: actorName(by), lifeMs: expires_in_seconds * 1000 }
      const made = await ending(who, () =>
        local().accounts.reset(who, inviter, admit(by, 'resetAccount')),
      )
      record(by, 'account reset', made.account, { 'expires-at': timeOf(made.expiresAtMs) })
      return linkOf(made)
    },
    disableAccount: (by, who) => setDisabled(by, who, true),
    enableAccount: (by, who) => setDisabled(by, who, false),
    async removeAccount(by, who) {
      const account = await ending(who, () =>
        local().accounts.remove(who, admit(by, 'removeAccount')),
      )
      record(by, 'account removed', account)
      return changed(account)
    },
    async setAccountGroups(by, who, input) {
      const { groups } = parseInput(groupsInput, input)
      const { accounts, settled } = local()
      const account = await accounts.setGroups(who, groups, admit(by, 'setAccountGroups'))
      record(by, 'account groups changed', account)
      await settled(account)
      return changed(account)
    },
  }
}

function summaryOf(listed: ListedAccount, nowMs: number): Omit<AccountSummary, 'id' | 'email'> {
  const { account, passkeys, foreignPasskeys, lastUsedAtMs } = listed
  return {
    name: account.name === '' ? null : account.name,
    groups: account.groups,
    state: stateOf(listed, nowMs),
    passkeys,
    passkeys_of_another_host: foreignPasskeys,
    created_at: timeOf(account.createdAtMs),
    created_by: account.createdBy,
    invited_until: account.invitation ? timeOf(account.invitation.expiresAtMs) : null,
    last_used_at: lastUsedAtMs === undefined ? null : timeOf(lastUsedAtMs),
  }
}

function stateOf(
  { account, passkeys, foreignPasskeys }: ListedAccount,
  nowMs: number,
): AccountSummary['state'] {
  if (account.disabledAtMs !== undefined) return 'disabled'
  if (passkeys > foreignPasskeys) return 'active'
  return (account.invitation?.expiresAtMs ?? 0) > nowMs ? 'invited' : 'locked-out'
}

function checkEmail(email: string): void {
  if (email.length <= maxEmailChars && emailShape.test(email)) return
  throw new PeerError('invalid-email', `${show(email)} is no email address`)
}

function checkLife(seconds: number): void {
  if (seconds >= minLifeSeconds && seconds <= maxLifeSeconds) return
  throw new PeerError('invalid-duration', 'an invitation is good for a minute to 30 days', {
    hint: 'such as 72h',
  })
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}

function noAccounts(): PeerError {
  return new PeerError('no-local-accounts', 'this gateway has no accounts of its own', {
    hint: 'set "local_accounts: true" in its configuration, and start it again',
  })
}

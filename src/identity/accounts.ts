import { hash, randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { PeerError } from '../errors.ts'
import { show } from '../schema.ts'
import type { AccountRecord } from '../store/account-store.ts'
import type { Store, Stored } from '../store/store.ts'
import type { AccountProvider } from './account-provider.ts'

/** Whom to invite. */
export interface NewAccount {
  readonly email: string
  /** Undefined: as it is; its person gives one. */
  readonly name: string | undefined
  /** Undefined: as they are, none for a new one. */
  readonly groups: readonly string[] | undefined
  /** Who invites, as people are shown it. */
  readonly by: string
  readonly lifeMs: number
}

/** An invitation at the only moment its code is known. */
export interface NewInvitation {
  readonly account: AccountRecord
  readonly code: string
  readonly expiresAtMs: number
}

export interface ListedAccount {
  readonly account: AccountRecord
  readonly passkeys: number
  /** Those of its passkeys that were made for another host name, and work here no more. */
  readonly foreignPasskeys: number
  readonly lastUsedAtMs: number | undefined
}

/**
 * The accounts of this gateway, which alone writes them. `who` is an email address or a user id. `admit` is called in
 * the step in which one is written: it throws where whoever asks may not any more. Each throws `PeerError`
 * `account-not-found`, `account-busy`.
 */
export interface Accounts {
  /** By email address. */
  list(): Promise<readonly ListedAccount[]>
  /** Throws `account-not-found`. */
  get(who: string): Promise<AccountRecord>
  userIdOf(account: Pick<AccountRecord, 'id'>): string
  /**
   * Makes an account and the link by which its person makes a passkey. For one that has not made any yet it makes another
   * link, and the former is void. Throws `account-exists`, `too-many-accounts`, `account-disabled`.
   */
  invite(account: NewAccount, admit?: () => void): Promise<NewInvitation>
  /** Removes its passkeys, ends what rests on them, and makes a new link. Throws `account-disabled`. */
  reset(
    who: string,
    invitation: Pick<NewAccount, 'by' | 'lifeMs'>,
    admit?: () => void,
  ): Promise<NewInvitation>
  /** Disabling ends its sessions and voids its link. */
  setDisabled(who: string, isDisabled: boolean, admit?: () => void): Promise<AccountRecord>
  setGroups(who: string, groups: readonly string[], admit?: () => void): Promise<AccountRecord>
  remove(who: string, admit?: () => void): Promise<AccountRecord>
  /** Whose link this is; undefined for one that is unknown, used, replaced or past its end. */
  invited(code: string): Promise<Stored<AccountRecord> | undefined>
}

/** @limit accounts of the gateway's own: `too_many_accounts` */
const maxAccounts = 5_000
/** @limit writes of one account that were overtaken in a row: the command is refused */
const maxRewrites = 5
/** It names the account towards passkeys (WebAuthn §5.4.3), and says nothing of its person. */
const idBytes = 16
const codeBytes = 32
const codeShape = /^[A-Za-z0-9_-]{43}$/

export interface AccountsOptions {
  readonly store: Pick<Store, 'accounts'>
  readonly provider: Pick<AccountProvider, 'accountIdOf' | 'userIdOf'>
  readonly rpId: string
  readonly clock: Clock
}

export function createAccounts({ store: all, provider, rpId, clock }: AccountsOptions): Accounts {
  const store = all.accounts

  async function find(who: string): Promise<Stored<AccountRecord>> {
    const byId = provider.accountIdOf(who)
    const found = byId === undefined ? await store.findByEmail(keyOf(who)) : await store.get(byId)
    if (found !== undefined) return found
    throw new PeerError('account-not-found', `there is no account ${show(who)}`, {
      hint: '"postern gateway accounts list" shows those there are',
    })
  }

  /** Reads, changes and writes one, again where it was written meanwhile. */
  async function rewrite<T extends AccountRecord>(
    who: string,
    change: (record: Stored<AccountRecord>) => T,
    admit: () => void,
    removesPasskeys = false,
  ): Promise<T> {
    for (let attempt = 0; attempt < maxRewrites; attempt += 1) {
      const record = await find(who)
      const next = change(record)
      admit()
      if (await store.update({ ...next, revision: record.revision }, removesPasskeys)) return next
    }
    throw busy(who)
  }

  const invitationOf = ({ by, lifeMs }: Pick<NewAccount, 'by' | 'lifeMs'>) => {
    const code = randomBytes(codeBytes).toString('base64url')
    const expiresAtMs = clock.now() + lifeMs
    return { code, expiresAtMs, invitation: { hash: hashOf(code), by, expiresAtMs } }
  }

  return {
    async list() {
      const accounts = await store.list()
      return Promise.all(
        accounts.map(async (account) => {
          const passkeys = await store.passkeysOf(account.id)
          const used = passkeys.flatMap(({ lastUsedAtMs }) => lastUsedAtMs ?? [])
          return {
            account,
            passkeys: passkeys.length,
            foreignPasskeys: passkeys.filter((passkey) => passkey.rpId !== rpId).length,
            lastUsedAtMs: used.length === 0 ? undefined : Math.max(...used),
          }
        }),
      )
    },
    get: find,
    userIdOf: ({ id }) => provider.userIdOf(id),
    async invite({ email, name, groups, ...inviter }, admit = nothing) {
      const { code, expiresAtMs, invitation } = invitationOf(inviter)
      for (let attempt = 0; attempt < maxRewrites; attempt += 1) {
        const found = await store.findByEmail(keyOf(email))
        if (found === undefined) {
          const account = newAccount({ email, name, groups, by: inviter.by }, clock.now())
          admit()
          const added = await store.add({ ...account, invitation }, maxAccounts)
          if (added === 'added') return { account, code, expiresAtMs }
          if (added === 'full') throw tooMany()
          continue
        }
        refuseDisabled(found)
        if ((await store.passkeysOf(found.id)).length > 0) throw exists(found.email)
        const account = {
          ...found,
          name: name ?? found.name,
          groups: groups ?? found.groups,
          invitation,
        }
        admit()
        if (await store.update(account)) return { account, code, expiresAtMs }
      }
      throw busy(email)
    },
    async reset(who, inviter, admit = nothing) {
      const { code, expiresAtMs, invitation } = invitationOf(inviter)
      const change = (record: AccountRecord): AccountRecord => {
        refuseDisabled(record)
        return { ...record, generation: record.generation + 1, invitation }
      }
      const account = await rewrite(who, change, admit, true)
      return { account, code, expiresAtMs }
    },
    setDisabled(who, isDisabled, admit = nothing) {
      const change = (record: AccountRecord): AccountRecord => {
        if ((record.disabledAtMs !== undefined) === isDisabled) return record
        if (!isDisabled) return { ...record, disabledAtMs: undefined }
        const generation = record.generation + 1
        return { ...record, disabledAtMs: clock.now(), generation, invitation: undefined }
      }
      return rewrite(who, change, admit)
    },
    setGroups: (who, groups, admit = nothing) =>
      rewrite(who, (record) => ({ ...record, groups }), admit),
    async remove(who, admit = nothing) {
      const record = await find(who)
      admit()
      if (!(await store.remove(record.id))) throw busy(who)
      return record
    },
    async invited(code) {
      if (!codeShape.test(code)) return undefined
      const account = await store.findByInvitation(hashOf(code))
      const isGood =
        account?.disabledAtMs === undefined && (account?.invitation?.expiresAtMs ?? 0) > clock.now()
      return isGood ? account : undefined
    },
  }
}

const nothing = (): void => undefined

function newAccount(
  { email, name, groups, by }: Omit<NewAccount, 'lifeMs'>,
  nowMs: number,
): AccountRecord {
  return {
    id: randomBytes(idBytes).toString('base64url'),
    email,
    emailKey: keyOf(email),
    name: name ?? '',
    groups: groups ?? [],
    createdBy: by,
    createdAtMs: nowMs,
    disabledAtMs: undefined,
    generation: 1,
    invitation: undefined,
  }
}

/** What spellings of one address have in common. */
function keyOf(email: string): string {
  return email.normalize('NFKC').trim().toLowerCase()
}

export function hashOf(code: string): string {
  return hash('sha256', code, 'base64url')
}

function refuseDisabled({ email, disabledAtMs }: AccountRecord): void {
  if (disabledAtMs === undefined) return
  throw new PeerError('account-disabled', `the account "${email}" is disabled`, {
    hint: `"postern gateway accounts enable ${email}" first`,
  })
}

function exists(email: string): PeerError {
  return new PeerError('account-exists', `"${email}" has an account, and passkeys`, {
    hint: `"postern gateway accounts reset ${email}" removes them and makes a new link`,
  })
}

function tooMany(): PeerError {
  return new PeerError('too-many-accounts', `there are ${maxAccounts} accounts already`, {
    hint: 'remove those that nobody uses',
  })
}

function busy(who: string): PeerError {
  const text = `the account ${show(who)} is being changed by somebody else`
  return new PeerError('account-busy', text, { hint: 'try again' })
}

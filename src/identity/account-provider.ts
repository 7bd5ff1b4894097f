import { hash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { AccessError } from '../errors.ts'
import type { AccountRecord } from '../store/account-store.ts'
import type { SessionRecord, Store } from '../store/store.ts'
import type { Claims } from './person.ts'
import { personOf } from './person.ts'
import type { TokenSet } from './provider.ts'
import type { NamedProvider } from './providers.ts'
import { seal, unseal } from './sealed.ts'
import type { SignedIn } from './signed-in.ts'
import { localProviderId, type UserIds } from './user-ids.ts'

/** The page where a passkey is used; `?state=` names the sign-in. */
export const passkeySignInPath = '/.postern/sign-in/passkey'

/**
 * The page that an invitation leads to. Its code is in the query, which no log shows: whoever reads logs must not be able to
 * accept it first.
 */
export const invitationPath = '/.postern/invitation'
export const invitationParameter = 'code'

/**
 * The gateway's own accounts as one more provider: it sends the browser to a page of ours instead of elsewhere, and
 * what comes back at its callback is a code of ours. So a flow is bound to its browser, ends once, renews, and signs in
 * machines as it does with any other.
 */
export interface AccountProvider extends NamedProvider {
  /** What the callback is given once a passkey has signed: good for one flow, for a minute. */
  codeFor(account: AccountRecord, state: string): Promise<string>
  /** Somebody who has an account, as those are whom a provider vouches for. */
  signedIn(account: AccountRecord): SignedIn
  /** Whether a session still rests on what an account is. */
  vouches(session: Pick<SessionRecord, 'userId' | 'refreshToken'>): Promise<boolean>
  /** The account of a user id of this provider. */
  accountIdOf(userId: string): string | undefined
}

export interface AccountProviderOptions {
  readonly store: Pick<Store, 'accounts'>
  readonly ids: UserIds
  readonly origin: URL
  /** Encrypts its codes. */
  readonly key: Uint8Array
  readonly clock: Clock
}

/** @limit time from the signature of a passkey to the end of the sign-in: sign in again */
const codeLifeMs = 60_000

export function createAccountProvider(options: AccountProviderOptions): AccountProvider {
  const { ids, origin, key, clock } = options
  const store = options.store.accounts
  const { origin: issuer } = origin
  const accountIdOf = (userId: string) => ids.subjectOf(localProviderId, userId)
  const userIdOf = (accountId: string) => ids.userIdOf(localProviderId, accountId)

  /** An account as a code or a session has it; throws `grant-refused` where it is no more so. */
  async function current(
    accountId: string | undefined,
    generation: string,
  ): Promise<AccountRecord> {
    const account = accountId === undefined ? undefined : await store.get(accountId)
    if (account === undefined || !isCurrent(account, generation)) throw accountOver()
    return account
  }

  async function read(code: string, state: string): Promise<AccountRecord> {
    const sealed = (await unseal(key, code)) as SealedCode | undefined
    if (sealed?.stateHash !== hashOf(state) || sealed.expiresAtMs <= clock.now()) {
      const text = 'the passkey was used more than a minute ago, or for another sign-in'
      throw new AccessError('sign-in-expired', text, { hint: 'sign in again' })
    }
    return current(sealed.account, sealed.generation)
  }

  return {
    id: localProviderId,
    name: 'Passkey',
    keyPrefix: 'local_accounts',
    groupsClaim: 'groups',
    issuer,
    // Nobody signs out here with a token of its own.
    clientId: '',
    keySource: () => Promise.reject(accountOver()),
    accountIdOf,
    userIdOf,
    async codeFor({ id, generation }, state) {
      const code: SealedCode = {
        account: id,
        generation: String(generation),
        stateHash: hashOf(state),
        expiresAtMs: clock.now() + codeLifeMs,
      }
      return seal(key, { ...code })
    },
    signedIn: (account) => ({
      userId: userIdOf(account.id),
      provider: localProviderId,
      issuer,
      tokens: tokensOf(account),
      claims: claimsOf(account),
    }),
    async vouches({ userId, refreshToken = '' }) {
      const account = await store.get(accountIdOf(userId) ?? '')
      return account !== undefined && isCurrent(account, refreshToken)
    },
    authorizationUrl(_redirectUri, { state }) {
      const url = new URL(passkeySignInPath, origin)
      url.searchParams.set('state', state)
      return Promise.resolve(url)
    },
    async exchange(callback, { state }) {
      const account = await read(callback.searchParams.get('code') ?? '', state)
      return { ...tokensOf(account), userId: userIdOf(account.id) }
    },
    async refresh(generation, userId) {
      return tokensOf(await current(accountIdOf(userId), generation))
    },
    async claims(_tokens, userId) {
      const account = await store.get(accountIdOf(userId) ?? '')
      if (account === undefined) throw accountOver()
      return claimsOf(account)
    },
    personOf: (claims) => personOf(claims, claimNames),
    close: () => undefined,
  }
}

/** What a code holds. */
interface SealedCode {
  readonly account: string
  readonly generation: string
  readonly stateHash: string
  readonly expiresAtMs: number
}

function isCurrent({ disabledAtMs, generation }: AccountRecord, wanted: string): boolean {
  return disabledAtMs === undefined && String(generation) === wanted
}

/**
 * What stands in for the tokens of a provider: the generation of the account, which a refresh shows. Another one says
 * that the session is over.
 */
function tokensOf({ generation }: AccountRecord): TokenSet {
  const refreshToken = String(generation)
  return { accessToken: '', accessTokenLifeMs: undefined, refreshToken, idToken: undefined }
}

const claimNames = { groupsClaim: 'groups', emailClaim: 'email', trustsMissingEmailVerified: false }

/** Whoever invited them has vouched for the address. */
function claimsOf({ email, name, groups }: AccountRecord): Claims {
  return { email, email_verified: true, ...(name !== '' && { name }), groups: [...groups] }
}

function accountOver(): AccessError {
  const text = 'this account is disabled, was reset, or is there no more'
  return new AccessError('grant-refused', text, { hint: 'ask whoever runs this gateway' })
}

function hashOf(state: string): string {
  return hash('sha256', state, 'base64url')
}

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { AccountRecord } from '../store/account-store.ts'
import {
  createAuthenticator,
  type Authenticator,
  type AuthenticatorLies,
} from './authenticator.fixture.ts'
import {
  address,
  asCookieHeader,
  callbackOrigin,
  openIdentity,
  target,
} from './identity.fixture.ts'
import type { IdentityFixture } from './identity.fixture.ts'
import type { IdentityOptions } from './identity.ts'
import type { NewInvitation } from './accounts.ts'
import type { LocalAccounts } from './local-accounts.ts'
import type { FinishedSignIn } from './sign-in.ts'

export interface AccountsFixture extends IdentityFixture {
  readonly local: LocalAccounts
  /** What was kept of accounts, each event with its details. */
  readonly kept: readonly (readonly [string, unknown])[]
  invite(email?: string): Promise<NewInvitation>
  /** By the link of an invitation. */
  accept(code: string, by?: Accepting): Promise<AccountRecord>
  /** A sign-in from its beginning to its callback. */
  begin(): Promise<Begun>
  signIn(authenticator: Authenticator, lies?: AuthenticatorLies): Promise<FinishedSignIn>
}

export interface Accepting {
  readonly authenticator?: Authenticator
  readonly lies?: AuthenticatorLies
  readonly person?: string
}

/** One browser that is on the page of passkeys. */
export interface Begun {
  readonly state: string
  readonly cookieHeader: string
  /** Sends what a passkey has signed; `state` of another flow where it is given. */
  sign(authenticator: Authenticator, lies?: AuthenticatorLies): Promise<URL>
  send(response: string): Promise<URL>
  finish(callback: URL): Promise<FinishedSignIn>
}

const noProvider = { issuer: new URL('https://idp.invalid'), clientId: '', clientSecret: '' }

/** An identity part with accounts of its own and no other provider. */
export async function openAccounts(
  t: TestContext,
  change: Partial<IdentityOptions> = {},
): Promise<AccountsFixture> {
  const kept: (readonly [string, unknown])[] = []
  const fixture = await openIdentity(noProvider, {
    providers: [],
    accountAudit: (event, _account, details) => void kept.push([event, details]),
    ...change,
  })
  t.after(() => fixture[Symbol.asyncDispose]())
  const { identity } = fixture
  const local = identity.localAccounts
  assert.ok(local)

  async function begin(): Promise<Begun> {
    const begun = { target, provider: 'local', cookieHeader: undefined, address }
    const { location, cookies } = await identity.signIn.begin(begun)
    assert.equal(location.origin, callbackOrigin)
    const state = location.searchParams.get('state') ?? ''
    const cookieHeader = asCookieHeader(cookies)
    const send = (response: string) =>
      local?.signIn.verify({ state, response, cookieHeader, address }) ?? Promise.reject()
    return {
      state,
      cookieHeader,
      send,
      async sign(authenticator, lies) {
        const options = await local?.signIn.options(state, cookieHeader)
        assert.ok(options)
        return send(authenticator.get(options, lies))
      },
      finish: ({ search }) =>
        identity.signIn.finish({ search, provider: 'local', cookieHeader, address }),
    }
  }

  return {
    ...fixture,
    local,
    kept,
    invite: (email = 'alice@example.com') =>
      local.accounts.invite({
        email,
        name: undefined,
        groups: ['ops'],
        by: 'the operator',
        lifeMs: 3_600_000,
      }),
    async accept(code, { authenticator = newAuthenticator(), lies, person = 'Alice' } = {}) {
      const { registrations } = local
      const begun = await registrations.beginInvited({ code, cookieHeader: undefined, address })
      const cookieHeader = asCookieHeader(begun.cookies)
      const response = authenticator.create(begun.options, lies)
      const { ticket } = begun
      const made = { ticket, response, cookieHeader, name: 'Laptop', person }
      return registrations.finishInvited({ code, cookieHeader, address }, made)
    },
    begin,
    async signIn(authenticator, lies) {
      const begun = await begin()
      return begun.finish(await begun.sign(authenticator, lies))
    },
  }
}

export function newAuthenticator(options?: { readonly counts?: boolean }): Authenticator {
  return createAuthenticator(callbackOrigin, options)
}

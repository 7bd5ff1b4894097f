import { createHmac } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { LogFields } from '../log.ts'
import type { AccountRecord, PasskeyRecord } from '../store/account-store.ts'
import type { Store } from '../store/store.ts'
import { callbackPathOf } from './callback-path.ts'
import type { AccountProvider } from './account-provider.ts'
import { localProviderId } from './user-ids.ts'
import { flowLifeMs, type PendingFlows } from './pending-flow.ts'
import type { SignInLimits } from './sign-in-limits.ts'
import { passkeyRefused, type Assertion, type WebAuthn } from './webauthn.ts'
import type { PublicKeyCredentialRequestOptionsJSON } from './webauthn.ts'

/** Keeps what became of an account or a passkey, for the operator. */
export type AccountAudit = (event: string, account: AccountRecord, details?: LogFields) => void

/** The middle of a sign-in with a passkey: between the page that it leads to and the callback. */
export interface PasskeySignIn {
  /**
   * What the browser needs to have a passkey sign. Throws what `PendingFlows.look` throws, for a flow that is not this
   * browser's.
   */
  options(
    state: string,
    cookieHeader: string | undefined,
  ): Promise<PublicKeyCredentialRequestOptionsJSON>
  /**
   * Verifies what a passkey has signed, once, and answers the callback where the sign-in ends. Throws as `options` does,
   * `AccessError` `passkey-refused`, and `LimitedError`.
   */
  verify(signed: {
    readonly state: string
    /** JSON. */
    readonly response: string
    readonly cookieHeader: string | undefined
    readonly address: string
  }): Promise<URL>
}

export interface PasskeySignInParts {
  readonly store: Pick<Store, 'accounts'>
  readonly webAuthn: WebAuthn
  readonly provider: Pick<AccountProvider, 'codeFor'>
  readonly pendingFlows: Pick<PendingFlows, 'look'>
  readonly limits: Pick<SignInLimits, 'finish'>
  /** Makes the challenge of a flow. */
  readonly challengeKey: Uint8Array
  readonly audit: AccountAudit
  readonly origin: URL
  readonly clock: Clock
}

export function createPasskeySignIn(parts: PasskeySignInParts): PasskeySignIn {
  const { webAuthn, provider, pendingFlows, clock, origin } = parts
  const store = parts.store.accounts
  /** Of the state, which no other flow has: what was signed for one is worth nothing for another. */
  const challengeOf = (state: string): Uint8Array =>
    createHmac('sha256', parts.challengeKey).update(state).digest()

  async function verified(assertion: Assertion, challenge: Uint8Array): Promise<AccountRecord> {
    const passkey = await store.getPasskey(assertion.id)
    const account = passkey && (await store.get(passkey.accountId))
    if (passkey === undefined || account === undefined) throw passkeyRefused('it is unknown')
    if (passkey.accountId !== assertion.accountId) throw passkeyRefused('it names another account')
    if (passkey.rpId !== webAuthn.rpId) throw passkeyRefused(`it is for "${passkey.rpId}"`)
    const signed = await webAuthn.verifyAssertion(assertion, challenge, passkey)
    const nowMs = clock.now()
    const used = await store.usePasskey({
      ...signed,
      id: passkey.id,
      accountId: account.id,
      atMs: nowMs,
      challenge: Buffer.from(challenge).toString('base64url'),
      challengeExpiresAtMs: nowMs + flowLifeMs,
    })
    if (used === 'counter') tellOfCopy(account, passkey, signed.counter)
    if (used !== 'used') throw passkeyRefused(refusals[used])
    return account
  }

  function tellOfCopy(account: AccountRecord, { name, counter }: PasskeyRecord, now: number): void {
    const details = { passkey: name, 'counter-before': counter, 'counter-now': now }
    parts.audit('passkey refused, there may be a copy of it', account, details)
  }

  return {
    async options(state, cookieHeader) {
      await pendingFlows.look(state, localProviderId, cookieHeader)
      return webAuthn.requestOptions(challengeOf(state))
    },
    verify: ({ state, response, cookieHeader, address }) =>
      parts.limits.finish(address, async () => {
        await pendingFlows.look(state, localProviderId, cookieHeader)
        const account = await verified(webAuthn.readAssertion(response), challengeOf(state))
        const callback = new URL(callbackPathOf(localProviderId), origin)
        callback.searchParams.set('code', await provider.codeFor(account, state))
        callback.searchParams.set('state', state)
        return callback
      }),
  }
}

const refusals = {
  replayed: 'its challenge was signed before',
  counter: 'it has not counted on since its last use',
  gone: 'its account is disabled, or it was removed',
} as const

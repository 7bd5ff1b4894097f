import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'
import type { AccountRecord, PasskeyRecord } from '../store/account-store.ts'
import type { Store } from '../store/store.ts'
import { invitationParameter, invitationPath, type AccountProvider } from './account-provider.ts'
import { localProviderId } from './user-ids.ts'
import { followAccountSessions } from './account-sessions.ts'
import { createAccounts, type Accounts, type NewInvitation } from './accounts.ts'
import type { BrowserMarks } from './browser-marks.ts'
import type { IdentityKeys } from './keys.ts'
import { createPasskeyRegistrations, type PasskeyRegistrations } from './passkey-registration.ts'
import { createPasskeySignIn, type AccountAudit, type PasskeySignIn } from './passkey-sign-in.ts'
import type { PendingFlows } from './pending-flow.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'
import type { SignInLimits } from './sign-in-limits.ts'
import { createWebAuthn } from './webauthn.ts'

/** The accounts of the gateway itself, with passkeys: for teams without an identity provider. */
export interface LocalAccounts {
  readonly accounts: Accounts
  /** The link of an invitation. */
  invitationUrl(invitation: Pick<NewInvitation, 'code'>): URL
  readonly signIn: PasskeySignIn
  readonly registrations: PasskeyRegistrations
  /** Signs somebody in who has just made a passkey in a browser at this address. */
  enter(account: AccountRecord, address: string): Promise<Session>
  /** Whose session this is; undefined for one of another provider. */
  accountOf(session: Pick<Session, 'provider' | 'userId'>): Promise<AccountRecord | undefined>
  /** Oldest first. */
  passkeysOf(account: AccountRecord): Promise<readonly PasskeyRecord[]>
  renamePasskey(account: AccountRecord, id: string, name: string): Promise<boolean>
  removePasskey(account: AccountRecord, id: string): Promise<'removed' | 'last' | 'not-found'>
  /** Resolves once the sessions of an account are as it was written before. */
  settled(account: Pick<AccountRecord, 'id'>): Promise<void>
}

export interface LocalAccountsParts {
  readonly store: Pick<Store, 'accounts' | 'sessions' | 'feed'>
  readonly provider: AccountProvider
  readonly sessions: Pick<Sessions, 'create' | 'revoke' | 'confirm'>
  readonly pendingFlows: Pick<PendingFlows, 'look'>
  readonly limits: Pick<SignInLimits, 'finish'>
  readonly marks: BrowserMarks
  readonly keys: Pick<IdentityKeys, 'passkeyTicket' | 'passkeyChallenge'>
  readonly origin: URL
  readonly audit: AccountAudit
  readonly log: Logger
  readonly clock: Clock
}

export function createLocalAccounts(parts: LocalAccountsParts): LocalAccounts {
  const { provider, keys, origin, audit, log } = parts
  const store = parts.store.accounts
  const webAuthn = createWebAuthn(origin, origin.host)
  const accounts = createAccounts({ ...parts, rpId: webAuthn.rpId })
  const following = followAccountSessions(parts)
  void tellOfForeignPasskeys()

  /** A passkey works at the host that it was made for, and nothing can move it. */
  async function tellOfForeignPasskeys(): Promise<void> {
    const passkeys = await store.countPasskeysNotOf(webAuthn.rpId).catch(() => 0)
    if (passkeys === 0) return
    log.warn('passkeys were made for another host name, and do not work', {
      passkeys,
      host: webAuthn.rpId,
      hint: 'set authenticate_service_url back, or run "postern gateway accounts reset EMAIL" for each of their people',
    })
  }

  return {
    accounts,
    invitationUrl({ code }) {
      const url = new URL(invitationPath, origin)
      url.searchParams.set(invitationParameter, code)
      return url
    },
    signIn: createPasskeySignIn({ ...parts, webAuthn, challengeKey: keys.passkeyChallenge }),
    registrations: createPasskeyRegistrations({
      ...parts,
      accounts,
      webAuthn,
      ticketKey: keys.passkeyTicket,
      challengeKey: keys.passkeyChallenge,
    }),
    enter: (account, address) =>
      parts.sessions.create({ ...provider.signedIn(account), address, client: 'browser' }),
    async accountOf({ provider: id, userId }) {
      if (id !== localProviderId) return undefined
      return store.get(provider.accountIdOf(userId) ?? '')
    },
    passkeysOf: ({ id }) => store.passkeysOf(id),
    async renamePasskey(account, id, name) {
      const isDone = await store.renamePasskey(account.id, id, name)
      if (isDone) audit('passkey renamed', account, { passkey: name, 'passkey-id': id })
      return isDone
    },
    async removePasskey(account, id) {
      const done = await store.removePasskey(account.id, id)
      if (done === 'removed') audit('passkey removed', account, { 'passkey-id': id })
      return done
    },
    settled: ({ id }) => following.settled(id),
  }
}

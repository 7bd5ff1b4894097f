import { createHmac, randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { AccessError } from '../errors.ts'
import type { AccountRecord, PasskeyRecord } from '../store/account-store.ts'
import type { Store, Stored } from '../store/store.ts'
import { hashOf, type Accounts } from './accounts.ts'
import type { BrowserMarks } from './browser-marks.ts'
import type { AccountAudit } from './passkey-sign-in.ts'
import { seal, unseal } from './sealed.ts'
import type { SignInLimits } from './sign-in-limits.ts'
import type { PublicKeyCredentialCreationOptionsJSON, WebAuthn } from './webauthn.ts'

/** What a page needs that has a browser make a passkey. */
export interface BegunPasskey {
  readonly options: PublicKeyCredentialCreationOptionsJSON
  /** Comes back with what the browser made. */
  readonly ticket: string
  /** The `Set-Cookie` values that tie it to the browser. */
  readonly cookies: readonly string[]
}

/** What a browser has made. */
export interface FinishedPasskey {
  readonly ticket: string
  /** JSON. */
  readonly response: string
  readonly cookieHeader: string | undefined
  /** What it is called where it is on the very device that the browser runs on. */
  readonly name: string
}

/** A browser that asks by the link of an invitation. */
export interface Invited {
  readonly code: string
  readonly cookieHeader: string | undefined
  readonly address: string
}

/**
 * How passkeys come to be: by the link of an invitation, and by who is signed in. Each is begun and finished in one
 * browser, within 10 minutes.
 */
export interface PasskeyRegistrations {
  /** Throws `AccessError` `invitation-invalid`, `LimitedError`. */
  beginInvited(invited: Invited): Promise<BegunPasskey & { readonly account: AccountRecord }>
  /**
   * Gives the account its name and its first passkey; of two who do it one has. Throws as `beginInvited`, `AccessError`
   * `passkey-refused`, `passkey-form-expired`.
   */
  finishInvited(
    invited: Invited,
    made: FinishedPasskey & { readonly person: string },
  ): Promise<AccountRecord>
  begin(account: AccountRecord, cookieHeader: string | undefined): Promise<BegunPasskey>
  /** Throws `passkey-refused`, `passkey-form-expired`, `too-many-passkeys`, `passkey-known`. */
  finish(account: AccountRecord, made: FinishedPasskey): Promise<PasskeyRecord>
}

/** @limit passkeys of one account: remove one that is not used */
const maxPasskeysPerAccount = 20
/** @limit time to make a passkey on its page: open the page again */
const ticketLifeMs = 600_000
const idBytes = 16

export interface PasskeyRegistrationParts {
  readonly store: Pick<Store, 'accounts'>
  readonly accounts: Pick<Accounts, 'invited'>
  readonly webAuthn: WebAuthn
  readonly marks: BrowserMarks
  readonly limits: Pick<SignInLimits, 'finish'>
  /** Encrypts tickets. */
  readonly ticketKey: Uint8Array
  /** Makes their challenges. */
  readonly challengeKey: Uint8Array
  readonly audit: AccountAudit
  readonly clock: Clock
}

/** What a ticket holds. */
interface Ticket {
  readonly id: string
  /** The mark of the browser. */
  readonly mark: string
  readonly account: string
  readonly generation: number
  /** The hash of the code; undefined for who is signed in. */
  readonly invitation: string | undefined
  readonly expiresAtMs: number
}

export function createPasskeyRegistrations(parts: PasskeyRegistrationParts): PasskeyRegistrations {
  const { webAuthn, accounts, marks, clock, audit } = parts
  const store = parts.store.accounts

  /** Of the ticket, which is made anew for each page. */
  const challengeOf = ({ id }: Ticket): Uint8Array =>
    createHmac('sha256', parts.challengeKey).update(`passkey ${id}`).digest()

  async function begin(
    account: AccountRecord,
    cookieHeader: string | undefined,
    invitation: string | undefined,
  ): Promise<BegunPasskey> {
    const { mark, cookies } = marks.put(cookieHeader)
    const ticket: Ticket = {
      id: randomBytes(idBytes).toString('base64url'),
      mark,
      account: account.id,
      generation: account.generation,
      invitation,
      expiresAtMs: clock.now() + ticketLifeMs,
    }
    const known = await store.passkeysOf(account.id)
    return {
      options: await webAuthn.creationOptions(account, challengeOf(ticket), known),
      ticket: await seal(parts.ticketKey, { ticket }),
      cookies,
    }
  }

  /** The passkey that was made for this very page. */
  async function made(
    account: AccountRecord,
    { ticket: sealed, response, cookieHeader, name }: FinishedPasskey,
    invitation: string | undefined,
  ): Promise<PasskeyRecord> {
    const ticket = (await unseal(parts.ticketKey, sealed))?.['ticket'] as Ticket | undefined
    const isThis =
      ticket?.account === account.id &&
      ticket.generation === account.generation &&
      ticket.invitation === invitation &&
      ticket.expiresAtMs > clock.now() &&
      marks.has(ticket.mark, cookieHeader)
    if (!isThis) throw formExpired()
    const { place, ...passkey } = await webAuthn.verifyCreation(response, challengeOf(ticket))
    return {
      ...passkey,
      accountId: account.id,
      name: place === 'here' ? name : placeNames[place],
      createdAtMs: clock.now(),
      lastUsedAtMs: undefined,
    }
  }

  async function invitedBy(code: string): Promise<Stored<AccountRecord>> {
    const account = await accounts.invited(code)
    if (account === undefined) throw invitationInvalid()
    return account
  }

  return {
    beginInvited: ({ code, cookieHeader, address }) =>
      parts.limits.finish(address, async () => {
        const account = await invitedBy(code)
        return { account, ...(await begin(account, cookieHeader, hashOf(code))) }
      }),
    finishInvited: ({ code, address }, { person, ...finished }) =>
      parts.limits.finish(address, async () => {
        const account = await invitedBy(code)
        const passkey = await made(account, finished, hashOf(code))
        const next = { ...account, name: person, invitation: undefined }
        const done = await store.accept(next, passkey)
        if (done === 'passkey-taken') throw passkeyKnown()
        // Somebody else was first, or the operator has made another link or changed the account meanwhile.
        if (done === 'changed') throw invitationInvalid()
        audit('invitation accepted', next, detailsOf(passkey))
        return next
      }),
    begin: (account, cookieHeader) => begin(account, cookieHeader, undefined),
    async finish(account, finished) {
      const passkey = await made(account, finished, undefined)
      const done = await store.addPasskey(passkey, account.generation, maxPasskeysPerAccount)
      if (done === 'taken') throw passkeyKnown()
      if (done === 'full') throw tooMany()
      if (done === 'account-gone') throw formExpired()
      audit('passkey added', account, detailsOf(passkey))
      return passkey
    },
  }
}

/** Its person may rename it. */
const placeNames = { phone: 'Phone', 'security-key': 'Security key' } as const

export function detailsOf({ name, id, isBackedUp }: PasskeyRecord) {
  return { passkey: name, 'passkey-id': id, 'backed-up': isBackedUp }
}

/** One answer for one that never was, was used, was replaced or is past its end. */
function invitationInvalid(): AccessError {
  const text = 'this invitation was used already, has been replaced, or is too old'
  return new AccessError('invitation-invalid', text, {
    hint: 'ask whoever sent it to you for a new one',
  })
}

function formExpired(): AccessError {
  const text = 'this page was opened more than 10 minutes ago, or in another browser'
  return new AccessError('passkey-form-expired', text, { hint: 'open it again' })
}

function passkeyKnown(): AccessError {
  const text = 'this passkey is registered here already'
  return new AccessError('passkey-known', text, { hint: 'use another device or key' })
}

function tooMany(): AccessError {
  const text = `an account has at most ${maxPasskeysPerAccount} passkeys`
  return new AccessError('too-many-passkeys', text, { hint: 'remove one that you do not use' })
}

import { PeerError } from '../errors.ts'
import { didYouMean } from '../spelling.ts'
import type { CredentialFormat } from './service-account-secret.ts'

/** What a new service account is to be. */
export interface NewServiceAccount {
  readonly id: string
  readonly description: string
  readonly format: CredentialFormat
  /** Milliseconds since the epoch; undefined for never. */
  readonly expiresAtMs: number | undefined
}

/** Names are typed, stand in policies, headers and file names, and read the same in any case. */
const idShape = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/
/** @limit the id of a service account: it is not created */
const maxIdChars = 63
/** @limit the description of a service account: it is not created */
const maxDescriptionChars = 200
/**
 * Most that are kept, revoked ones included.
 *
 * @limit service accounts, revoked ones included: none is created
 */
export const maxServiceAccounts = 10_000

/** What begins a line, moves a cursor or turns the text around it: the list would show something else. */
const unshowable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u

/** Throws `PeerError` `invalid-service-account-request` for what cannot be one. */
export function checkNewServiceAccount(request: NewServiceAccount, nowMs: number): void {
  const { id, description, expiresAtMs } = request
  if (id.length > maxIdChars || !idShape.test(id)) {
    throw invalid(
      `${JSON.stringify(id.slice(0, maxIdChars))} cannot be the id of a service account`,
      `it takes 1 to ${maxIdChars} lower-case letters, digits, ".", "_" and "-", and begins and ends with a letter or digit, such as "nightly-backup"`,
    )
  }
  if (description.length > maxDescriptionChars || unshowable.test(description)) {
    throw invalid(
      'the description cannot be kept',
      `it takes one line of at most ${maxDescriptionChars} characters`,
    )
  }
  checkExpiry(expiresAtMs, nowMs)
}

/** Throws `PeerError` `invalid-service-account-request` for an end that has passed. */
export function checkExpiry(expiresAtMs: number | undefined, nowMs: number): void {
  if (expiresAtMs === undefined || expiresAtMs > nowMs) return
  throw invalid(
    `${new Date(expiresAtMs).toISOString()} has passed`,
    'give an end in the future, such as 90d',
  )
}

function invalid(message: string, hint: string): PeerError {
  return new PeerError('invalid-service-account-request', message, { hint })
}

/** There is one of this id. */
export function existsFault(id: string): PeerError {
  return new PeerError('service-account-exists', `there is a service account "${id}" already`, {
    hint: `"postern service-account rotate ${id}" gives it a new credential`,
  })
}

/** A person has this id. */
export function inUseFault(id: string): PeerError {
  return new PeerError('user-id-in-use', `"${id}" is the user id of somebody who is signed in`, {
    hint: 'choose another id: policies name people and service accounts alike by "user"',
  })
}

/** Its end has passed, and no other was given. */
export function expiredFault(id: string): PeerError {
  return new PeerError('service-account-expired', `the service account "${id}" has expired`, {
    hint: 'give it a new end as well, such as "--expires 90d" or "--expires never"',
  })
}

/** Each write of it was overtaken by another one. */
export function busyFault(id: string): PeerError {
  return new PeerError(
    'service-account-busy',
    `service account ${JSON.stringify(id)} keeps being changed by somebody else`,
    { hint: 'try again in a moment' },
  )
}

/** No further one is kept. */
export function tooManyFault(): PeerError {
  return new PeerError(
    'too-many-service-accounts',
    `there are ${maxServiceAccounts} service accounts already, revoked ones included`,
    { hint: 'rotate one of them instead' },
  )
}

/** There is none of this id; `ids` are those there are. */
export function notFoundFault(id: string, ids: readonly string[]): PeerError {
  const hint = didYouMean(id, ids) ?? '"postern service-account list" shows those there are'
  const message = `there is no service account ${JSON.stringify(id.slice(0, maxIdChars))}`
  return new PeerError('service-account-not-found', message, { hint })
}

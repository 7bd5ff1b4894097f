import * as client from 'openid-client'
import { errors as jose } from 'jose'
import { AccessError, PeerError, messageOf } from '../errors.ts'
import { printable } from '../terminal-text.ts'

/**
 * What went wrong with the provider, as a person is told it:
 *
 * - `provider-refused`: it said no, in its own words
 * - `grant-refused`: it no longer stands by a session's refresh token (`invalid_grant`)
 * - `token-refused`: it does not accept an access token of its own
 * - `provider-invalid`: what it sent cannot be trusted or understood
 * - `provider-unavailable`: no answer, or one that says it is out of order
 */
export function toAccessError(error: unknown): AccessError {
  if (error instanceof AccessError) return error
  if (error instanceof client.AuthorizationResponseError) return refused(error)
  if (error instanceof client.ResponseBodyError) return refused(error)
  if (error instanceof client.WWWAuthenticateChallengeError) {
    return new AccessError(
      'token-refused',
      'the sign-in service does not accept its access token',
      {
        hint: 'sign in again',
        cause: error,
      },
    )
  }
  return isInvalid(error) ? invalid(error) : unavailable(error)
}

function refused(error: client.AuthorizationResponseError | client.ResponseBodyError): AccessError {
  const said = [error.error, error.error_description].filter((part) => part !== undefined)
  const text = `the sign-in service refused: ${said.map(quote).join(': ')}`
  return new AccessError('provider-refused', text, { hint: hintFor(error.error), cause: error })
}

/**
 * A challenge of the token endpoint is about the client's own secret (RFC 6749 §5.2), and its body says
 * so; openid-client leaves that unread and reports the challenge alone. For `catch` there.
 */
export async function rethrowOfTokenEndpoint(error: unknown): Promise<never> {
  if (!(error instanceof client.WWWAuthenticateChallengeError)) throw error
  const { response } = error
  const cause = {
    error: 'invalid_client',
    ...parseTexts(response.bodyUsed ? '' : await response.text()),
  }
  throw new client.ResponseBodyError(error.message, { cause, response })
}

/** The texts of a JSON object; none of anything else. */
function parseTexts(json: string): Partial<Record<string, string>> {
  try {
    const value: unknown = JSON.parse(json)
    const entries: [string, unknown][] = Object.entries(Object(value))
    const isText = (entry: [string, unknown]): entry is [string, string] =>
      typeof entry[1] === 'string'
    return Object.fromEntries(entries.filter(isText))
  } catch {
    return {}
  }
}

/** As `toAccessError`, for the answer to a refresh: there `invalid_grant` means that it is over. */
export function toRefreshError(error: unknown): AccessError {
  const isOver = error instanceof client.ResponseBodyError && error.error === 'invalid_grant'
  const text = 'the sign-in service no longer stands by this session'
  return isOver ? new AccessError('grant-refused', text, { cause: error }) : toAccessError(error)
}

function hintFor(code: string): string {
  if (code === 'invalid_client' || code === 'unauthorized_client') {
    return 'whoever runs this gateway should check the client id and secret of the provider'
  }
  if (code === 'invalid_scope') {
    return 'whoever runs this gateway should check the scopes asked of the provider'
  }
  return 'sign in again'
}

function invalid(error: unknown): AccessError {
  const text = `the sign-in service gave an answer that cannot be trusted: ${describe(error)}`
  return new AccessError('provider-invalid', text, {
    hint: 'sign in again; if it stays so, tell whoever runs this gateway',
    cause: error,
  })
}

function unavailable(error: unknown): AccessError {
  const text = `the sign-in service cannot be reached: ${describe(error)}`
  return new AccessError('provider-unavailable', text, {
    hint: 'try again in a moment',
    cause: error,
  })
}

/** Codes of openid-client that mean "it did not really answer" rather than "it answered wrongly". */
const outageCodes = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
])

function isInvalid(error: unknown): boolean {
  if (error instanceof jose.JWKSTimeout) return false
  // jose reports an answer other than 200 from the key set with the base class.
  if (error instanceof jose.JOSEError) return error.code !== 'ERR_JOSE_GENERIC'
  if (innermost(error) instanceof PeerError) return true
  if (!(error instanceof client.ClientError)) return false
  return error.code !== undefined && !outageCodes.has(error.code)
}

/** What is wrong underneath: it names the host or the system's complaint, not "fetch failed". */
function describe(error: unknown): string {
  if (error instanceof client.ClientError && error.code === 'OAUTH_TIMEOUT')
    return 'no answer in time'
  if (error instanceof jose.JWKSTimeout) return 'no answer in time'
  if (error instanceof Error && error.cause instanceof Response) {
    return `it answered with status ${error.cause.status}`
  }
  return messageOf(innermost(error))
}

function innermost(error: unknown): unknown {
  let current = error
  while (current instanceof Error && current.cause instanceof Error) current = current.cause
  return current
}

function quote(text: string): string {
  return `"${printable(text)}"`
}

/**
 * Some providers say which secret was wrong, or repeat the whole question. Both the person and the log
 * are told without it.
 */
export function withoutSecrets(error: AccessError, secrets: readonly string[]): AccessError {
  const { code, message, hint, cause } = error
  const forms = secrets.filter((secret) => secret !== '').flatMap(formsOf)
  if (!forms.some((form) => message.includes(form))) return error
  // The longest first: a form may begin as another one does.
  forms.sort((one, other) => other.length - one.length)
  const text = forms.reduce((shown, form) => shown.replaceAll(form, '[redacted]'), message)
  return new AccessError(code, text, { hint, cause })
}

/** As it is, in a URL, and in the body of a form. */
function formsOf(secret: string): readonly string[] {
  const form = new URLSearchParams({ '': secret }).toString().slice(1)
  return [secret, encodeURIComponent(secret), form]
}

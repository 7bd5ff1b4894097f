import { createHash } from 'node:crypto'
import { gatewayPaths } from './paths.ts'

/**
 * How a program on somebody's machine gets a token. It asks the login API for an address, opens it in
 * a browser, and is called back on loopback:
 *
 * - by a Postern gateway with a one-time `code`, which only the holder of the PKCE verifier can
 *   exchange (RFC 7636): the token never passes through the browser;
 * - by a stock Pomerium, or when no challenge was sent, with the token itself.
 *
 * With a challenge and the token of a session in `Authorization`, that session is renewed: whoever signs in
 * as its person prolongs it by exchanging the code. Everybody else gets a session of their own, and so does
 * whoever asks a gateway that knows no renewal.
 */
export interface LoginRequest {
  /** Where the browser ends up, such as `http://127.0.0.1:PORT/UNGUESSABLE`. */
  readonly redirectUri: string
  /** Made with `codeChallengeOf`; absent for a client that wants the token itself. */
  readonly codeChallenge: string | undefined
}

/** Query parameters of the login API. */
export const loginParameters = {
  redirectUri: 'pomerium_redirect_uri',
  codeChallenge: 'code_challenge',
  codeChallengeMethod: 'code_challenge_method',
  /** Ours, in the answer alone: which session is renewed, sealed. */
  renews: 'postern_renews',
} as const

/** Names the identity provider that a sign-in is begun with, where there are several; it is not signed. */
export const providerParameter = 'provider'

/** The one challenge method there is (RFC 7636 §4.2); `plain` proves nothing. */
export const codeChallengeMethod = 'S256'

/** Parameters of the last redirect, in the query or in a form. */
export const callbackParameters = {
  code: 'code',
  token: 'pomerium_jwt',
  error: 'error',
  errorDescription: 'error_description',
  /** Ours: names the request in the gateway's logs, beside an error. */
  requestId: 'request_id',
  /** Ours, beside a code: who has signed in, for the page that the program shows. */
  person: 'postern_person',
  /** Ours, beside a code: the host at which. */
  gateway: 'postern_gateway',
} as const

/** Form fields of the token API. */
export const tokenParameters = { code: 'code', codeVerifier: 'code_verifier' } as const

/** What the last redirect brought. */
export type CallbackAnswer =
  | {
      readonly kind: 'code'
      readonly code: string
      /** As the other side says; undefined where it does not. */
      readonly person?: string
      readonly gateway?: string
    }
  | { readonly kind: 'token'; readonly token: string }
  | {
      readonly kind: 'error'
      readonly error: string
      readonly description: string
      /** Empty when the other side did not say. */
      readonly requestId: string
    }

/** The S256 challenge of a PKCE verifier (RFC 7636 §4.2). */
export function codeChallengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

/** Path and query of a request to the login API. */
export function formatLoginPath({ redirectUri, codeChallenge }: LoginRequest): string {
  const query = new URLSearchParams({ [loginParameters.redirectUri]: redirectUri })
  if (codeChallenge !== undefined) {
    query.set(loginParameters.codeChallenge, codeChallenge)
    query.set(loginParameters.codeChallengeMethod, codeChallengeMethod)
  }
  return `${gatewayPaths.login}?${query.toString()}`
}

/** Reads what the last redirect brought; undefined when it brought none of it. */
export function parseCallback(fields: URLSearchParams): CallbackAnswer | undefined {
  const code = fields.get(callbackParameters.code)
  if (code) {
    const person = fields.get(callbackParameters.person)
    const gateway = fields.get(callbackParameters.gateway)
    return { kind: 'code', code, ...(person && { person }), ...(gateway && { gateway }) }
  }
  const token = fields.get(callbackParameters.token)
  if (token) return { kind: 'token', token }
  const error = fields.get(callbackParameters.error)
  if (!error) return undefined
  return {
    kind: 'error',
    error,
    description: fields.get(callbackParameters.errorDescription) ?? '',
    requestId: fields.get(callbackParameters.requestId) ?? '',
  }
}

/** Writes the form body that asks for the token of a code. */
export function encodeTokenRequest(code: string, codeVerifier: string): string {
  return new URLSearchParams({
    [tokenParameters.code]: code,
    [tokenParameters.codeVerifier]: codeVerifier,
  }).toString()
}

/** Writes the JSON body that hands out a token; `isRenewed` where it is of a session that was prolonged. */
export function encodeTokenAnswer(token: string, isRenewed = false): string {
  return JSON.stringify(isRenewed ? { token, renewed: true } : { token })
}

/** Whether a JSON body that hands out a token says that its session was prolonged. */
export function isRenewedAnswer(text: string): boolean {
  const value: unknown = JSON.parse(text)
  return typeof value === 'object' && value !== null && 'renewed' in value && value.renewed === true
}

/** Reads the JSON body that hands out a token; undefined when it is not one. */
export function decodeTokenAnswer(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isAnswer = typeof value === 'object' && value !== null && 'token' in value
    return isAnswer && typeof value.token === 'string' && isToken(value.token)
      ? value.token
      : undefined
  } catch {
    return undefined
  }
}

/**
 * Longest token that is kept or sent, in characters: it must fit into a request head.
 *
 * @limit a token that is kept or sent: it counts as none
 */
export const maxTokenLength = 8_192

/** Whether a text can stand in an `Authorization` header as a token (RFC 9110 §11.2, token68). */
export function isToken(text: string): boolean {
  return text.length <= maxTokenLength && /^[A-Za-z0-9._~+/-]+=*$/.test(text)
}

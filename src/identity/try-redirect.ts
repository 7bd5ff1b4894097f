import { randomBytes } from 'node:crypto'
import * as client from 'openid-client'
import { AccessError } from '../errors.ts'
import { toAccessError } from './provider-errors.ts'
import type { ProviderFetch } from './provider-fetch.ts'
import type { ProviderOptions } from './provider.ts'

/**
 * Asks a provider to sign somebody in without asking them anything (`prompt=none`, OIDC Core §3.1.2.1), as a browser in
 * which nobody is. It answers at the redirect address, where that is registered for the client; elsewhere it must not
 * send a browser (RFC 6749 §4.1.2.1), and most answer with a page and 400.
 */
export async function tryRedirect(
  config: client.Configuration,
  { scopes, requestParams }: ProviderOptions,
  redirectUri: URL,
  fetch: ProviderFetch,
): Promise<'accepted' | 'unclear' | AccessError> {
  const url = client.buildAuthorizationUrl(config, {
    ...requestParams,
    redirect_uri: redirectUri.href,
    scope: scopes.join(' '),
    state: randomBytes(16).toString('hex'),
    nonce: randomBytes(16).toString('hex'),
    code_challenge: await client.calculatePKCECodeChallenge(randomBytes(32).toString('hex')),
    code_challenge_method: 'S256',
    prompt: 'none',
  })
  const asked = { method: 'GET', headers: { accept: 'text/html' }, redirect: 'manual' } as const
  const signal = AbortSignal.timeout(answerMs)
  const response = await fetch(url.href, { ...asked, body: undefined, signal }).catch(
    () => undefined,
  )
  if (response === undefined) return 'unclear'
  const location = URL.parse(response.headers.get('location') ?? '', url)
  const isSentBack =
    location?.origin === redirectUri.origin && location.pathname === redirectUri.pathname
  if (isSentBack) return faultIn(location.searchParams) ?? 'accepted'
  if (response.status !== 400) return 'unclear'
  const message = `the sign-in service sends nobody back to "${redirectUri.href}"`
  return new AccessError('provider-refused', message, {
    hint: `register "${redirectUri.href}" there, letter by letter, as a redirect address of this client`,
  })
}

/** @limit none: longest wait for the page of a provider that is only tried, in milliseconds */
const answerMs = 5_000

/** Words that are about this gateway, and not about nobody being signed in. */
const ownFaults: readonly string[] = [
  'invalid_request',
  'invalid_scope',
  'unauthorized_client',
  'unsupported_response_type',
]

function faultIn(said: URLSearchParams): AccessError | undefined {
  if (!ownFaults.includes(said.get('error') ?? '')) return undefined
  return toAccessError(new client.AuthorizationResponseError('refused', { cause: said }))
}

import { createRemoteJWKSet, customFetch as joseFetch } from 'jose'
import type { JWTVerifyGetKey } from 'jose'
import type { ProviderFetch } from './provider-fetch.ts'

/**
 * @limit time for an answer of the identity provider: the sign-in fails with one sentence; a
 * session is kept and asked about later
 */
export const timeoutSeconds = 10
/** @limit none: how long the keys of the provider are kept */
const maxKeySetAgeMs = 600_000

/** Never `none`, and none of those whose key is the client secret. */
export const publicKeyAlgorithms =
  'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ')

/** Where a provider publishes its keys, and how they are asked for. */
export interface ProviderKeySource {
  readonly url: URL
  readonly fetch: ProviderFetch
}

/**
 * The keys of a provider. They are asked for again as soon as a token names one that is not among them; with
 * `pauseMs` at the earliest so long after the last time.
 */
export function createProviderKeys(
  { url, fetch }: ProviderKeySource,
  { pauseMs }: { readonly pauseMs: number },
): JWTVerifyGetKey {
  return createRemoteJWKSet(url, {
    timeoutDuration: timeoutSeconds * 1000,
    cooldownDuration: pauseMs,
    cacheMaxAge: maxKeySetAgeMs,
    [joseFetch]: (url, { method, headers, signal }) =>
      fetch(url, {
        method,
        headers: Object.fromEntries(headers),
        signal,
        body: undefined,
        redirect: 'manual',
      }),
  })
}

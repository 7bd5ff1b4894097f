import { randomBytes } from 'node:crypto'
import * as client from 'openid-client'
import type { AccessError } from '../errors.ts'
import { githubConfiguration } from './github-provider.ts'
import { rethrowOfTokenEndpoint, toAccessError, withoutSecrets } from './provider-errors.ts'
import { createProviderFetch, type ProviderFetch } from './provider-fetch.ts'
import { discover, type ProviderOptions } from './provider.ts'
import { tryRedirect } from './try-redirect.ts'

/** What a provider says without anybody signing in. */
export interface ProviderTrial {
  /** Its clock less ours, in milliseconds, to the second; undefined where it does not say. */
  readonly clockAheadMs: number | undefined
  /** What it thinks of this client, or that it does not answer; `unclear` where it says neither. */
  readonly client: 'accepted' | 'unclear' | AccessError
  /** Whether it sends browsers back to this gateway. */
  readonly redirect: 'accepted' | 'unclear' | AccessError
}

/**
 * Asks a provider for its metadata, and its token endpoint for the tokens of a code that nobody has: a provider that
 * knows this client by its secret refuses the code, and any other one the client (RFC 6749 §5.2).
 *
 * @throws AccessError with a code of `provider-errors.ts` where there is no usable metadata
 */
export async function tryProvider(
  options: ProviderOptions,
  redirectUri: URL,
  signal: AbortSignal,
): Promise<ProviderTrial> {
  let clockAheadMs: number | undefined
  const ask = createProviderFetch(signal)
  const noting: ProviderFetch = async (url, request) => {
    const beganMs = Date.now()
    const response = await ask(url, request)
    clockAheadMs ??= aheadIn(response.headers, (beganMs + Date.now()) / 2)
    return response
  }
  const shown = (error: unknown): AccessError =>
    withoutSecrets(toAccessError(error), [options.clientSecret])
  const config = await configurationOf(options, noting).catch((error: unknown) => {
    throw shown(error)
  })
  const asked = { code: randomBytes(16).toString('hex'), redirect_uri: redirectUri.href }
  const said = await client
    .genericGrantRequest(config, 'authorization_code', {
      ...asked,
      code_verifier: randomBytes(32).toString('hex'),
    })
    .catch(rethrowOfTokenEndpoint)
    .then(
      () => 'unclear' as const,
      (error: unknown) => clientIn(error, shown(error)),
    )
  const redirect = await tryRedirect(config, options, redirectUri, noting)
  return { clockAheadMs, client: said, redirect }
}

async function configurationOf(
  options: ProviderOptions,
  fetch: ProviderFetch,
): Promise<client.Configuration> {
  if (options.speaks === 'github') return githubConfiguration(options, fetch)
  return (await discover(options, fetch)).config
}

/** What an answer says of the client, or that there is none; `fault` is the same for people. */
function clientIn(error: unknown, fault: AccessError): ProviderTrial['client'] {
  if (fault.code === 'provider-unavailable') return fault
  if (!(error instanceof client.ResponseBodyError)) return 'unclear'
  if (error.error === 'invalid_grant') return 'accepted'
  const isRefused = error.error === 'invalid_client' || error.error === 'unauthorized_client'
  return isRefused ? fault : 'unclear'
}

/** `Date` is when the answer was made, and `Age` how long it has waited in a cache since (RFC 9111 §5.1). */
function aheadIn(headers: Headers, nowMs: number): number | undefined {
  const madeMs = Date.parse(headers.get('date') ?? '')
  const ageMs = Number(headers.get('age') ?? 0) * 1000
  if (!Number.isFinite(madeMs) || !Number.isFinite(ageMs)) return undefined
  // It counts whole seconds: half of one is as likely behind them.
  return Math.round((madeMs + 500 + ageMs - nowMs) / 1000) * 1000
}

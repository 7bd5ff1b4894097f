import { compactVerify, decodeJwt } from 'jose'
import * as client from 'openid-client'
import { AccessError } from '../errors.ts'
import { isLoopbackHost } from '../address.ts'
import { checkIdToken } from './id-token.ts'
import type { Claims } from './person.ts'
import { createAsk } from './provider-ask.ts'
import { rethrowOfTokenEndpoint, toAccessError, toRefreshError } from './provider-errors.ts'
import { createProviderFetch } from './provider-fetch.ts'
import type { ProviderFetch } from './provider-fetch.ts'
import { createProviderKeys, publicKeyAlgorithms, timeoutSeconds } from './provider-keys.ts'
import type { ProviderKeySource } from './provider-keys.ts'
import { checkMetadata, listIn } from './provider-metadata.ts'

/** How people sign in; the gateway's configuration of this fits by shape. */
export interface ProviderOptions {
  /** **Default:** OpenID Connect */
  readonly speaks?: 'github' | undefined
  /** Issuer; `https`, or `http` on a loopback host. */
  readonly url: URL
  readonly clientId: string
  readonly clientSecret: string
  readonly scopes: readonly string[]
  /** Asked for as well, where the provider says that it knows them. */
  readonly scopesIfKnown?: readonly string[]
  /** Further parameters of the question; none of those that the sign-in itself is made of. */
  readonly requestParams?: Readonly<Record<string, string>>
}

/** What the provider gave for one person. */
export interface TokenSet {
  readonly accessToken: string
  /** Undefined when the provider does not say. */
  readonly accessTokenLifeMs: number | undefined
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
}

/** What a provider keeps back of somebody's groups. */
export interface LeftOut {
  /** Its own ids of them, some at least. */
  readonly organizations: readonly string[]
  /** What brings them. */
  readonly hint: string
}

/** The values that tie an answer of the provider to one question (OIDC Core §3.1.2.1, RFC 7636). */
export interface SignInChecks {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

/**
 * A provider, as the relying party sees it. Nothing is asked of it before the first
 * call; every method throws `AccessError` with a code of `provider-errors.ts`.
 */
export interface Provider {
  authorizationUrl(redirectUri: URL, checks: SignInChecks): Promise<URL>
  /** Exchanges the code that a callback carries; `callback` includes the query. */
  exchange(callback: URL, checks: SignInChecks): Promise<TokenSet & { readonly userId: string }>
  /** Throws `grant-refused` when the provider answers `invalid_grant`. */
  refresh(refreshToken: string, userId: string): Promise<TokenSet>
  /**
   * The claims of the id token, with those of userinfo over them where there is such an endpoint. `onLeftOut` is called once
   * where the provider says that it keeps back some.
   */
  claims(
    tokens: Pick<TokenSet, 'accessToken' | 'idToken'>,
    userId: string,
    onLeftOut?: (leftOut: LeftOut) => void,
  ): Promise<Claims>
  /** Where its keys are, for tokens that come another way than by its token endpoint. */
  keySource(): Promise<ProviderKeySource>
  /** As whom this gateway is known there. */
  readonly clientId: string
  /** As configured: sessions of another one are not this gateway's. */
  readonly issuer: string
  /** Ends what is under way. */
  close(): void
}

const clockToleranceSeconds = 60

interface Discovered {
  readonly config: client.Configuration
  readonly keySource: ProviderKeySource
  /** Throws unless the id token's signature is by a key the provider publishes now. */
  verifySignature(idToken: string): Promise<void>
}

/** One that speaks OpenID Connect. */
export function createProvider(options: ProviderOptions): Provider {
  const closing = new AbortController()
  const providerFetch = createProviderFetch(closing.signal)
  const discovered = onceItWorks(() => discover(options, providerFetch))
  const askIt = createAsk(options)
  const ask = <T>(
    sent: readonly string[],
    question: (provider: Discovered) => Promise<T>,
    toError = toAccessError,
  ): Promise<T> => askIt(sent, async () => question(await discovered()), toError)
  return {
    authorizationUrl: (redirectUri, { state, nonce, verifier }) =>
      ask([], async ({ config }) =>
        client.buildAuthorizationUrl(config, {
          ...options.requestParams,
          redirect_uri: redirectUri.href,
          scope: scopesFor(options, config.serverMetadata()).join(' '),
          state,
          nonce,
          code_challenge: await client.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
        }),
      ),
    exchange: (callback, { state, nonce, verifier }) =>
      ask(
        [callback.searchParams.get('code') ?? '', verifier],
        async ({ config, verifySignature }) => {
          const answer = await client
            .authorizationCodeGrant(config, callback, {
              expectedState: state,
              expectedNonce: nonce,
              pkceCodeVerifier: verifier,
              idTokenExpected: true,
            })
            .catch(rethrowOfTokenEndpoint)
          await verifySignature(answer.id_token ?? '')
          const { sub: userId = '', ...claims } = answer.claims() ?? {}
          // The machine's time, by which the library has checked the token's end.
          checkIdToken({ ...claims, sub: userId }, Date.now())
          return { ...toTokenSet(answer), userId }
        },
      ),
    refresh: (refreshToken, userId) =>
      ask(
        [refreshToken],
        async ({ config, verifySignature }) => {
          const answer = await client
            .refreshTokenGrant(config, refreshToken)
            .catch(rethrowOfTokenEndpoint)
          if (answer.id_token !== undefined) await verifySignature(answer.id_token)
          const claims = answer.claims()
          if (claims !== undefined) checkIdToken(claims, Date.now())
          assertSameSubject(claims?.sub ?? userId, userId)
          return toTokenSet(answer)
        },
        toRefreshError,
      ),
    claims: ({ accessToken, idToken }, userId) =>
      ask([accessToken], async ({ config }) => {
        const fromToken = idToken === undefined ? {} : decodeJwt(idToken)
        if (config.serverMetadata().userinfo_endpoint === undefined) return fromToken
        return { ...fromToken, ...(await client.fetchUserInfo(config, accessToken, userId)) }
      }),
    keySource: () => ask([], ({ keySource }) => Promise.resolve(keySource)),
    clientId: options.clientId,
    issuer: options.url.href.replace(/\/$/, ''),
    close: () => closing.abort(),
  }
}

/** Asks for the metadata, and checks that a sign-in finds what it needs there. */
export async function discover(
  options: ProviderOptions,
  fetch: ProviderFetch,
): Promise<Discovered> {
  const { url, clientId, clientSecret } = options
  const isLocal = url.protocol === 'http:' && isLoopbackHost(url.hostname)
  const metadata = { [client.clockTolerance]: clockToleranceSeconds }
  const config = await client.discovery(url, clientId, metadata, clientAuth(clientSecret), {
    timeout: timeoutSeconds,
    [client.customFetch]: fetch,
    // For the http of a loopback issuer; `createProviderFetch` refuses every other http.
    execute: isLocal ? [client.allowInsecureRequests] : [],
  })
  checkMetadata(config.serverMetadata())
  const keySource = { url: new URL(config.serverMetadata().jwks_uri ?? ''), fetch }
  return { config, keySource, verifySignature: createSignatureCheck(keySource) }
}

/**
 * The signature is checked with a key set of our own: openid-client leaves it to TLS (OIDC Core
 * §3.1.3.7 permits that), or trusts the keys it has for a minute, in which a rotated key fails. This
 * one asks for the keys again as soon as a token names one it does not have; tokens come only from
 * the provider's own token endpoint, so nobody else can cause that.
 */
function createSignatureCheck(source: ProviderKeySource): Discovered['verifySignature'] {
  const keys = createProviderKeys(source, { pauseMs: 0 })
  return async (idToken) => {
    await compactVerify(idToken, keys, { algorithms: publicKeyAlgorithms })
  }
}

/** `client_secret_basic` is what a provider takes when it does not say (OIDC Discovery §3). */
function clientAuth(secret: string): client.ClientAuth {
  const [basic, post] = [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)]
  return (server, ...rest) => {
    const methods = listIn(server.token_endpoint_auth_methods_supported) ?? ['client_secret_basic']
    const isPost =
      !methods.includes('client_secret_basic') && methods.includes('client_secret_post')
    return (isPost ? post : basic)(server, ...rest)
  }
}

/** What the token endpoint gave. */
export function toTokenSet(answer: client.TokenEndpointResponse): TokenSet {
  return {
    accessToken: answer.access_token,
    accessTokenLifeMs: answer.expires_in === undefined ? undefined : answer.expires_in * 1000,
    refreshToken: answer.refresh_token,
    idToken: answer.id_token,
  }
}

/** OIDC Core §12.2: a refreshed id token is about the same person. */
function assertSameSubject(subject: string, userId: string): void {
  if (subject === userId) return
  throw new AccessError('provider-invalid', 'the sign-in service answered for somebody else')
}

/** Calls `make` until it has worked once, one call at a time, and keeps what it gave. */
function onceItWorks<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
}

/** OpenID Connect Discovery §3: `scopes_supported` may leave some out, so only the optional ones go by it. */
function scopesFor(
  { scopes, scopesIfKnown = [] }: ProviderOptions,
  metadata: client.ServerMetadata,
): readonly string[] {
  const known = listIn(metadata.scopes_supported) ?? []
  return [...scopes, ...scopesIfKnown.filter((scope) => known.includes(scope))]
}

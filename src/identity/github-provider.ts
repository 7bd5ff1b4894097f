import * as client from 'openid-client'
import { isLoopbackHost } from '../address.ts'
import { AccessError } from '../errors.ts'
import { createGithubApi, githubApiUrl } from './github-api.ts'
import { createAsk } from './provider-ask.ts'
import { rethrowOfTokenEndpoint, toRefreshError } from './provider-errors.ts'
import { createProviderFetch, type ProviderFetch } from './provider-fetch.ts'
import { timeoutSeconds } from './provider-keys.ts'
import { toTokenSet, type Provider, type ProviderOptions, type TokenSet } from './provider.ts'

/**
 * The token of an OAuth app ends when nobody has used it for a year, and is used at each refresh.
 *
 * @limit none: how long one is taken to live
 */
const tokenLifeMs = 365 * 24 * 3_600_000

/**
 * GitHub, which speaks OAuth 2 without OpenID Connect: there is no id token, and its API says who somebody is by
 * their access token. That of an OAuth app has no end and comes without a refresh token, so that it is what a
 * session is asked about with; a GitHub App gives both.
 *
 * Nothing has a nonce here; PKCE ties the code to the sign-in. GitHub names itself in its callback (RFC 9207).
 *
 * @see https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 */
export function createGithubProvider(options: ProviderOptions): Provider {
  const closing = new AbortController()
  const configuration = githubConfiguration(options, createProviderFetch(closing.signal))
  const { url, scopes, clientId } = options
  const api = createGithubApi(configuration, { api: githubApiUrl(url), scopes })
  const ask = createAsk(options)
  return {
    authorizationUrl: (redirectUri, { state, verifier }) =>
      ask([], async () =>
        client.buildAuthorizationUrl(configuration, {
          ...options.requestParams,
          redirect_uri: redirectUri.href,
          scope: scopes.join(' '),
          state,
          code_challenge: await client.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
        }),
      ),
    exchange: (callback, { state, verifier }) =>
      ask([callback.searchParams.get('code') ?? '', verifier], async () => {
        const answer = await client
          .authorizationCodeGrant(configuration, callback, {
            expectedState: state,
            pkceCodeVerifier: verifier,
          })
          .catch(rethrowOfTokenEndpoint)
        const tokens = tokensOf(answer)
        return { ...tokens, userId: await api.userId(tokens.accessToken) }
      }),
    refresh: (refreshToken) =>
      ask(
        [refreshToken],
        async () => {
          const answer = await client
            .refreshTokenGrant(configuration, refreshToken)
            .catch(rethrowOfTokenEndpoint)
          return tokensOf(answer)
        },
        toRefreshError,
      ),
    claims: ({ accessToken }, userId, onLeftOut) =>
      ask([accessToken], async () => {
        const { claims, hidden } = await api.claims(accessToken)
        if (claims.sub !== userId)
          throw new AccessError(
            'provider-invalid',
            'the sign-in service answered for somebody else',
          )
        if (hidden.length > 0) onLeftOut?.({ organizations: hidden, hint: hiddenHint(url) })
        return claims
      }),
    keySource: () =>
      Promise.reject(new AccessError('provider-invalid', 'GitHub signs nothing with keys')),
    clientId,
    issuer: url.href.replace(/\/$/, ''),
    close: () => closing.abort(),
  }
}

/** @see https://docs.github.com/authentication/authenticating-with-saml-single-sign-on/about-authentication-with-saml-single-sign-on */
function hiddenHint({ href }: URL): string {
  const page = `${href.replace(/\/$/, '')}/orgs/ORGANIZATION/sso`
  return `they have to sign in at "${page}" first, and then here again; if it stays so, revoke this app in their settings at GitHub before`
}

/** What there would be in a discovery document. */
export function githubConfiguration(
  { url, clientId, clientSecret }: ProviderOptions,
  fetch: ProviderFetch,
): client.Configuration {
  const base = url.href.replace(/\/$/, '')
  const server: client.ServerMetadata = {
    issuer: `${base}/login/oauth`,
    authorization_endpoint: `${base}/login/oauth/authorize`,
    token_endpoint: `${base}/login/oauth/access_token`,
  }
  const auth = client.ClientSecretPost(clientSecret)
  const configuration = new client.Configuration(server, clientId, undefined, auth)
  configuration[client.customFetch] = inStandardWords(fetch, server.token_endpoint ?? '')
  configuration.timeout = timeoutSeconds
  // `fetch` refuses every http but that of this machine.
  if (url.protocol === 'http:' && isLoopbackHost(url.hostname))
    client.allowInsecureRequests(configuration)
  return configuration
}

function tokensOf(answer: client.TokenEndpointResponse): TokenSet {
  const tokens = toTokenSet(answer)
  return { ...tokens, accessTokenLifeMs: tokens.accessTokenLifeMs ?? tokenLifeMs }
}

/** GitHub's words for errors of its token endpoint, in those of RFC 6749 §5.2. */
const standardErrors: ReadonlyMap<unknown, string> = new Map([
  ['bad_refresh_token', 'invalid_grant'],
  ['bad_verification_code', 'invalid_grant'],
  ['incorrect_client_credentials', 'invalid_client'],
])

/** It answers 200 where it refuses a code (RFC 6749 §5.2 wants 400), and in words of its own. */
function inStandardWords(fetch: ProviderFetch, tokenEndpoint: string): ProviderFetch {
  return async (url, options) => {
    const response = await fetch(url, options)
    if (url !== tokenEndpoint || response.status !== 200) return response
    const text = await response.text()
    const said = parse(text)
    const error = said['error']
    if (typeof error !== 'string') return new Response(text, response)
    const body = { ...said, error: standardErrors.get(error) ?? error }
    return Response.json(body, { status: 400 })
  }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

import { AccessError, PeerError } from '../../errors.ts'
import { isCodeChallenge } from '../../identity/codes.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import {
  codeChallengeMethod,
  encodeTokenAnswer,
  loginParameters,
  tokenParameters,
} from '../../tunnel/sign-in.ts'
import { limitBody, readForm } from '../answers/body.ts'
import { createPageApp, type PageApp } from '../answers/page-app.ts'
import type { SignInParts } from '../sign-in/parts.ts'

/**
 * A code and a verifier are 43 to 128 characters each.
 *
 * @limit a request that exchanges a one-time code: 413 `request_too_large`
 */
const maxTokenRequestBytes = 4096

/**
 * How a program on somebody's machine gets a token: the login API of the reference (2.2), and our
 * exchange of a one-time code. Both answer on every host name the gateway is reached by; what they
 * hand out leads to the authenticate service's own.
 */
export function createLoginApi(parts: SignInParts): PageApp {
  const app = createPageApp()
  app.get(gatewayPaths.login, (c) => {
    const redirectUri = c.req.query(loginParameters.redirectUri)
    if (redirectUri === undefined || redirectUri === '') return c.notFound()
    return c.text(signInUrl(parts, redirectUri, c.req.query()), 200, {
      'cache-control': 'no-store',
    })
  })
  app.all(gatewayPaths.login, (c) => c.text('only GET is answered here\n', 405, { allow: 'GET' }))

  app.use(gatewayPaths.token, limitBody(maxTokenRequestBytes))
  app.post(gatewayPaths.token, async (c) => {
    const form = await readForm(c)
    const token = await exchange(
      parts,
      form[tokenParameters.code],
      form[tokenParameters.codeVerifier],
    )
    const headers = {
      'content-type': 'application/json; charset=UTF-8',
      'cache-control': 'no-store',
    }
    return c.body(encodeTokenAnswer(token), 200, headers)
  })
  return app
}

function signInUrl(parts: SignInParts, redirectUri: string, query: Record<string, string>): string {
  const redirect = parts.parseRedirect(redirectUri)
  if (redirect === undefined) {
    throw new PeerError(
      'invalid-redirect-uri',
      `invalid redirect uri: a sign-in may not end at "${redirectUri.slice(0, 200)}"`,
      {
        hint: 'use a loopback address, or add its host to "programmatic_redirect_domain_whitelist"',
      },
    )
  }
  const url = new URL(gatewayPaths.signIn, parts.origin)
  url.searchParams.set(loginParameters.redirectUri, redirectUri)
  const challenge = query[loginParameters.codeChallenge]
  if (challenge !== undefined) {
    const method = query[loginParameters.codeChallengeMethod]
    if (method !== codeChallengeMethod || !isCodeChallenge(challenge)) {
      throw new PeerError(
        'invalid-code-challenge',
        `"${loginParameters.codeChallenge}" must be an S256 challenge of RFC 7636`,
      )
    }
    url.searchParams.set(loginParameters.codeChallenge, challenge)
  }
  return parts.identity.signUrl(url).href
}

async function exchange(
  { identity }: SignInParts,
  code: unknown,
  verifier: unknown,
): Promise<string> {
  const isText = typeof code === 'string' && typeof verifier === 'string'
  const id = isText ? await identity.codes.redeem(code, verifier) : undefined
  const found = id === undefined ? undefined : await identity.sessions.get(id)
  if (found !== undefined) return identity.tokens.issue(found.session)
  throw new AccessError(
    'code-refused',
    'this code is unknown, already used or older than a minute',
    {
      hint: 'sign in again',
    },
  )
}

import { AccessError, PeerError } from '../../errors.ts'
import { isCodeChallenge } from '../../identity/codes.ts'
import { endingAt, type Session } from '../../identity/session.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import {
  codeChallengeMethod,
  encodeTokenAnswer,
  loginParameters,
  providerParameter,
  tokenParameters,
} from '../../tunnel/sign-in.ts'
import { limitBody, readForm } from '../answers/body.ts'
import { createPageApp, type PageApp, type PageContext } from '../answers/page-app.ts'
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
  app.get(gatewayPaths.login, async (c) => {
    const redirectUri = c.req.query(loginParameters.redirectUri)
    if (redirectUri === undefined || redirectUri === '') return c.notFound()
    return c.text(await signInUrl(c, parts, redirectUri), 200, {
      'cache-control': 'no-store',
    })
  })
  app.all(gatewayPaths.login, (c) => c.text('only GET is answered here\n', 405, { allow: 'GET' }))

  app.use(gatewayPaths.token, limitBody(maxTokenRequestBytes))
  app.post(gatewayPaths.token, async (c) => {
    const form = await readForm(c)
    const { session, isRenewed } = await exchange(
      c,
      parts,
      form[tokenParameters.code],
      form[tokenParameters.codeVerifier],
    )
    const token = await parts.identity.tokens.issue(session)
    const headers = {
      'content-type': 'application/json; charset=UTF-8',
      'cache-control': 'no-store',
    }
    return c.body(encodeTokenAnswer(token, isRenewed), 200, headers)
  })
  return app
}

async function signInUrl(c: PageContext, parts: SignInParts, redirectUri: string): Promise<string> {
  const { identity } = parts
  const query = c.req.query()
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
    // Only by a code that comes back to whoever asks here: a token may end elsewhere.
    const found = await identity.fromHeaders(c.req.header())
    if (found?.session.kind === 'person') {
      const renews = await identity.sealRenewal(found.session.id)
      url.searchParams.set(loginParameters.renews, renews)
    }
  }
  const signed = identity.signUrl(url)
  const provider = query[providerParameter]
  if (provider !== undefined) signed.searchParams.set(providerParameter, provider)
  return signed.href
}

interface Exchanged {
  readonly session: Session
  readonly isRenewed: boolean
}

async function exchange(
  c: PageContext,
  { identity, signInLog }: SignInParts,
  code: unknown,
  verifier: unknown,
): Promise<Exchanged> {
  const isText = typeof code === 'string' && typeof verifier === 'string'
  const redeemed = isText ? await identity.codes.redeem(code, verifier) : undefined
  if (redeemed?.renewedAtMs !== undefined) {
    const session = await identity.sessions.prolong(redeemed.sessionId, redeemed.renewedAtMs)
    if (session === undefined) throw renewedNothing()
    signInLog.renewed(session, c)
    return { session, isRenewed: true }
  }
  const found = redeemed && (await identity.sessions.get(redeemed.sessionId))
  if (redeemed !== undefined && found !== undefined) {
    return { session: endingAt(found.session, redeemed.endsAtMs), isRenewed: false }
  }
  throw new AccessError(
    'code-refused',
    'this code is unknown, already used or older than a minute',
    {
      hint: 'sign in again',
    },
  )
}

function renewedNothing(): AccessError {
  return new AccessError('session-ended', 'the session ended before it was renewed', {
    hint: 'sign in again',
  })
}

import type { SignInTarget } from '../../identity/pending-flow.ts'
import { endingAt, type Session } from '../../identity/session.ts'
import type { BegunSignIn } from '../../identity/sign-in.ts'
import { callbackParameters } from '../../tunnel/sign-in.ts'
import type { PageContext } from '../answers/page-app.ts'
import { failSignIn } from './failed-sign-in.ts'
import type { SignInParts } from './parts.ts'

/**
 * Where a browser goes that is to sign in: to the provider, straight to the end when somebody is
 * signed in here, and when it cannot be begun to whoever waits for it. A session is renewed by the
 * provider's word alone, never by that of one that began as long ago. Throws what a page must show.
 */
export async function leadOn(
  c: PageContext,
  parts: SignInParts,
  target: SignInTarget,
): Promise<BegunSignIn> {
  const { identity } = parts
  const cookieHeader = c.req.header('cookie')
  const found = await identity.fromCookie(cookieHeader)
  try {
    if (found !== undefined && target.renews === undefined) {
      const session = endingAt(found.session, found.endsAtMs)
      return { location: await finalUrl(parts, target, session), cookies: [] }
    }
    return await identity.signIn.begin({ target, cookieHeader, address: c.env.client.ip })
  } catch (error) {
    return { location: orThrow(await failSignIn(c, parts, error, target), error), cookies: [] }
  }
}

/** A failed sign-in leads to whoever waits for it; where nobody does, its page is shown. */
export function orThrow(waiting: URL | undefined, error: unknown): URL {
  if (waiting === undefined) throw error
  return waiting
}

/** Where a sign-in ends, with what it brings there. */
export async function finalUrl(
  { identity, origin }: SignInParts,
  target: SignInTarget,
  session: Session,
  isRenewal = false,
): Promise<URL> {
  const url = new URL(target.returnTo)
  if (target.carries === 'token') {
    url.searchParams.set(callbackParameters.token, await identity.tokens.issue(session))
  }
  if (target.carries === 'code') {
    const code = await identity.codes.issue(session, target.codeChallenge ?? '', isRenewal)
    url.searchParams.set(callbackParameters.code, code)
    const { email, name, userId } = session
    url.searchParams.set(callbackParameters.person, email ?? name ?? userId)
    url.searchParams.set(callbackParameters.gateway, origin.host)
  }
  return url
}

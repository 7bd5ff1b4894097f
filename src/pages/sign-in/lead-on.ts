import type { SignInTarget } from '../../identity/pending-flow.ts'
import { endingAt, type Session } from '../../identity/session.ts'
import type { BegunSignIn } from '../../identity/sign-in.ts'
import { callbackParameters, providerParameter } from '../../tunnel/sign-in.ts'
import type { PageContext } from '../answers/page-app.ts'
import { chosenProvider, keepChoice } from './choice.ts'
import { failSignIn } from './failed-sign-in.ts'
import { isSentByAnotherSite } from './one-origin.ts'
import type { SignInParts } from './parts.ts'

/**
 * Where a browser goes that is to sign in: to the provider, straight to the end when somebody is
 * signed in here, and when it cannot be begun to whoever waits for it; undefined where a person has to
 * choose the provider first. A session is renewed by the word of its provider alone, never by that of one
 * that began as long ago. Throws what a page must show.
 */
export async function leadOn(
  c: PageContext,
  parts: SignInParts,
  target: SignInTarget,
): Promise<BegunSignIn | undefined> {
  const { identity } = parts
  const cookieHeader = c.req.header('cookie')
  const found = await identity.fromCookie(cookieHeader)
  try {
    if (found !== undefined && target.renews === undefined && !isForAnother(c, found.session)) {
      const session = endingAt(found.session, found.endsAtMs)
      return { location: await finalUrl(parts, target, session), cookies: [] }
    }
    const provider = (await providerOfRenewed(target, parts)) ?? chosenProvider(c, parts)
    if (provider === undefined) return undefined
    const address = c.env.client.ip
    const begun = await identity.signIn.begin({ target, provider, cookieHeader, address })
    return { ...begun, cookies: [...begun.cookies, ...keepChoice(parts, provider)] }
  } catch (error) {
    return { location: orThrow(await failSignIn(c, parts, error, target), error), cookies: [] }
  }
}

/**
 * Whether somebody who is signed in wants to be whom another provider knows. Another site may not want
 * that for them: it could have them be somebody else without their notice.
 */
function isForAnother(c: PageContext, { provider }: Session): boolean {
  const wanted = c.req.query(providerParameter)
  return wanted !== undefined && wanted !== provider && !isSentByAnotherSite(c)
}

/** Nobody else can renew a session. One that has ended is renewed by nobody. */
async function providerOfRenewed(
  { renews }: SignInTarget,
  { identity }: SignInParts,
): Promise<string | undefined> {
  return renews === undefined ? undefined : (await identity.sessions.get(renews))?.session.provider
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

import { AccessError } from '../../errors.ts'
import { callbackPathOf } from '../../identity/callback-path.ts'
import type { SignInTarget } from '../../identity/pending-flow.ts'
import type { Session } from '../../identity/session.ts'
import type { FinishedSignIn } from '../../identity/sign-in.ts'
import { loginParameters, providerParameter } from '../../tunnel/sign-in.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { askWhich } from './choice.ts'
import { finishDevice } from './device-sign-in.ts'
import { limitBody } from '../answers/body.ts'
import { createPageApp, type PageApp, type PageContext } from '../answers/page-app.ts'
import { deviceFields } from '../html/device-page.ts'
import { failSignIn } from './failed-sign-in.ts'
import { finalUrl, leadOn, orThrow } from './lead-on.ts'
import { onlyOn, redirect } from './one-origin.ts'
import { parseOwnPage, returnToParameter } from './own-page.ts'
import type { SignInParts } from './parts.ts'
import { askFirst, isAskedFirst, takeAnswer } from './question.ts'

/** @limit the form that signs in a program: 413 `request_too_large` */
const maxAnswerBytes = 1024

/**
 * The sign-in itself, redirects all the way: from our address to the provider, back to the callback,
 * and on to where it was asked for; a person is asked first where another site began it. It runs on
 * one origin; asked by another name, the browser is sent there first.
 */
export function createSignInPages(parts: SignInParts): PageApp {
  const { identity, origin } = parts
  const app = createPageApp()
  app.use(gatewayPaths.signIn, onlyOn(origin))
  for (const { id } of identity.providers.all) app.use(callbackPathOf(id), onlyOn(origin))

  app.get(gatewayPaths.signIn, async (c) => {
    const target = await targetOf(c, parts)
    if (isAskedFirst(c, target)) return askFirst(c, parts, target)
    const begun = await leadOn(c, parts, target)
    return begun === undefined ? askWhich(c, parts) : redirect(begun.location, begun.cookies)
  })
  app.post(gatewayPaths.signIn, limitBody(maxAnswerBytes), async (c) =>
    takeAnswer(c, parts, await targetOf(c, parts)),
  )

  for (const { id } of identity.providers.all)
    app.get(callbackPathOf(id), async (c) => takeCallback(c, parts, id))
  return app
}

/** A provider has sent the browser back. */
async function takeCallback(
  c: PageContext,
  parts: SignInParts,
  provider: string,
): Promise<Response> {
  const { search } = new URL(c.req.url)
  let target: SignInTarget | undefined
  try {
    const cookieHeader = c.req.header('cookie')
    const finished = await parts.identity.signIn.finish({
      search,
      provider,
      cookieHeader,
      address: c.env.client.ip,
    })
    ;({ target } = finished)
    return await finish(c, parts, finished)
  } catch (error) {
    return redirect(orThrow(await failSignIn(c, parts, error, target), error), [])
  }
}

/** Hands a new session over to whoever it was made for. */
async function finish(
  c: PageContext,
  parts: SignInParts,
  { target, session, isRenewal }: FinishedSignIn,
): Promise<Response> {
  const { identity, metrics, signInLog } = parts
  if (target.device !== undefined) {
    const done = await finishDevice(c, parts, target.device, session)
    metrics.signedIn('ok')
    return redirect(done, [])
  }
  const cookies = isRenewal
    ? await renewedCookie(c, parts, session)
    : [await identity.cookie.issue(session)]
  const url = await finalUrl(parts, target, session, isRenewal)
  const { userCode } = target
  if (userCode !== undefined) {
    const token = identity.deviceSignInToken({ sessionId: session.id, userCode })
    url.searchParams.set(deviceFields.signInToken, token)
  }
  metrics.signedIn('ok')
  signInLog.signedIn(session, c)
  return redirect(url, cookies)
}

/** A browser that is signed in to that very session stays so; the session of any other is left as it is. */
async function renewedCookie(
  c: PageContext,
  { identity }: SignInParts,
  { id }: Session,
): Promise<readonly string[]> {
  const found = await identity.fromCookie(c.req.header('cookie'))
  if (found?.session.id !== id) return []
  return [await identity.cookie.issue({ id, ...identity.sessionSpan() })]
}

/** Where this sign-in leads: our own page, or what a signed address names. */
async function targetOf(
  c: PageContext,
  { identity, origin, home, parseRedirect }: SignInParts,
): Promise<SignInTarget> {
  const redirectUri = c.req.query(loginParameters.redirectUri)
  if (redirectUri === undefined) {
    const page = parseOwnPage(c.req.query(returnToParameter) ?? '', origin)
    return { returnTo: (page ?? new URL(home, origin)).href, carries: 'nothing' }
  }
  const { pathname, search } = new URL(c.req.url)
  const signed = new URL(`${pathname}${search}`, origin)
  // Whoever sees the address chooses.
  signed.searchParams.delete(providerParameter)
  identity.verifySignedUrl(signed)
  // The whitelist may have changed since the address was signed.
  if (parseRedirect(redirectUri) === undefined) {
    throw new AccessError(
      'invalid-redirect-uri',
      'a sign-in may no longer return to that address',
      {
        hint: 'start again where you came from',
      },
    )
  }
  const codeChallenge = c.req.query(loginParameters.codeChallenge)
  if (codeChallenge === undefined) return { returnTo: redirectUri, carries: 'token' }
  const sealed = c.req.query(loginParameters.renews)
  const renews = sealed === undefined ? undefined : await identity.openRenewal(sealed)
  return { returnTo: redirectUri, carries: 'code', codeChallenge, renews }
}

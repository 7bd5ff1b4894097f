import { gatewayPaths } from '../../tunnel/paths.ts'
import { createPageApp, sendPage, type PageApp, callerOf } from '../answers/page-app.ts'
import { accountPage, signedOutPage, signOutPage } from '../html/account-page.ts'
import type { SignInParts } from './parts.ts'
import { onlyOn, redirect, refuseForeign } from './one-origin.ts'

/** What a signed-in person sees of themselves, and the way out. */
export function createAccountPages(parts: SignInParts): PageApp {
  const { identity, origin, signInLog } = parts
  const providerOf = identity.providers.of
  const app = createPageApp()
  for (const path of ['/.pomerium', '/.pomerium/', gatewayPaths.signOut])
    app.use(path, onlyOn(origin))

  // Only where nobody else serves it: the portal comes first.
  app.get('/', async (c, next) => {
    const found = await identity.fromCookie(c.req.header('cookie'))
    return found === undefined ? next() : redirect(new URL('/.pomerium/', origin), [])
  })
  app.get('/.pomerium', () => redirect(new URL('/.pomerium/', origin), []))
  app.get('/.pomerium/', async (c) => {
    const found = await identity.fromCookie(c.req.header('cookie'))
    if (found === undefined) return redirect(new URL(gatewayPaths.signIn, origin), [])
    const { usable } = parts.seenBy(callerOf(c, found), origin.origin)
    const provider = identity.providers.all.length > 1 ? providerOf(found.session) : undefined
    return sendPage(c, accountPage(found.session, usable, provider?.name))
  })
  app.get(gatewayPaths.signOut, (c) => sendPage(c, signOutPage()))
  app.post(gatewayPaths.signOut, async (c) => {
    refuseForeign(c, origin, 'sign out on the page of this gateway')
    const found = await identity.fromCookie(c.req.header('cookie'))
    if (found !== undefined && (await identity.sessions.revoke(found.session.id, 'signed-out')))
      signInLog.signedOut(found.session, c)
    return redirect(new URL('/.pomerium/signed_out', origin), [identity.cookie.clear()])
  })
  app.get('/.pomerium/signed_out', (c) => sendPage(c, signedOutPage()))
  return app
}

import type { AccountRecord } from '../../store/account-store.ts'
import { invitationParameter, invitationPath } from '../../identity/account-provider.ts'
import type { BegunPasskey } from '../../identity/passkey-registration.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { limitBody } from '../answers/body.ts'
import {
  createPageApp,
  sendScriptedPage,
  type PageApp,
  type PageContext,
} from '../answers/page-app.ts'
import { invitationPage, passkeyFields } from '../html/passkey-page.ts'
import { onlyOn, redirect, refuseForeign } from '../sign-in/one-origin.ts'
import { newQuery } from './own-passkey-pages.ts'
import {
  faultOf,
  lineIn,
  maxPasskeyFormBytes,
  nothingMade,
  passkeyNameFor,
  textFields,
  type AccountPageParts,
} from './parts.ts'
import { causeOf } from './passkey-sign-in-pages.ts'

/** @limit none: characters of the name that somebody gives themselves, the rest is left out */
const maxPersonChars = 100

/** The pages that an invitation leads to. To look at one takes nothing: programs open links as well. */
export function createInvitationPages(parts: AccountPageParts): PageApp {
  const { identity, local, origin, metrics, signInLog } = parts
  const app = createPageApp()
  app.use(invitationPath, onlyOn(origin))

  app.get(invitationPath, (c) => ask(c))
  app.post(invitationPath, limitBody(maxPasskeyFormBytes), async (c) => {
    refuseForeign(c, origin, 'open your invitation again')
    const field = await textFields(c)
    const person = lineIn(field(passkeyFields.person), maxPersonChars)
    const [response, ticket] = [field(passkeyFields.response), field(passkeyFields.ticket)]
    if (response === '' || person === '')
      return ask(c, person, response === '' ? nothingMade : 'Say your name.')
    const invited = invitedBy(c)
    const { cookieHeader } = invited
    const name = passkeyNameFor(c.req.header('user-agent'))
    let account: AccountRecord
    try {
      const made = { ticket, response, cookieHeader, name, person }
      account = await local.registrations.finishInvited(invited, made)
    } catch (error) {
      signInLog.failed(error, c, { cause: causeOf(error) })
      return ask(c, person, faultOf(error))
    }
    const session = await local.enter(account, c.env.client.ip)
    metrics.signedIn('ok')
    signInLog.signedIn(session, c)
    const next = new URL(`${gatewayPaths.passkeys}?${newQuery}`, origin)
    return redirect(next, [await identity.cookie.issue(session)])
  })

  async function ask(c: PageContext, person?: string, fault?: string): Promise<Response> {
    const { account, ...begun } = await begin(c)
    const { pathname, search } = new URL(c.req.url)
    const question = {
      gateway: origin.host,
      email: account.email,
      person: person ?? account.name,
      invitedBy: account.invitation?.by ?? '',
      groups: account.groups,
      action: pathname + search,
      fault,
      script: parts.script,
    }
    return withCookies(sendScriptedPage(c, invitationPage({ ...question, ...begun })), begun)
  }

  async function begin(c: PageContext): ReturnType<typeof local.registrations.beginInvited> {
    try {
      return await local.registrations.beginInvited(invitedBy(c))
    } catch (error) {
      signInLog.refused(error, c)
      throw error
    }
  }
  return app
}

function invitedBy(c: PageContext) {
  return {
    code: c.req.query(invitationParameter) ?? '',
    cookieHeader: c.req.header('cookie'),
    address: c.env.client.ip,
  }
}

/** The browser that has a page is the one that finishes it. */
export function withCookies(
  response: Response,
  { cookies }: Pick<BegunPasskey, 'cookies'>,
): Response {
  for (const cookie of cookies) response.headers.append('set-cookie', cookie)
  return response
}

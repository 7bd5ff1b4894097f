import { passkeySignInPath } from '../../identity/account-provider.ts'
import { limitBody } from '../answers/body.ts'
import { sendOnward } from '../answers/onward.ts'
import {
  createPageApp,
  sendScriptedPage,
  type PageApp,
  type PageContext,
} from '../answers/page-app.ts'
import { passkeyFields, passkeySignInPage } from '../html/passkey-page.ts'
import { onlyOn, refuseForeign } from '../sign-in/one-origin.ts'
import {
  faultOf,
  maxPasskeyFormBytes,
  nothingMade,
  textFields,
  type AccountPageParts,
} from './parts.ts'

/** The page that a sign-in with a passkey leads to, as one with a provider leads to the provider. */
export function createPasskeySignInPages(parts: AccountPageParts): PageApp {
  const { local, origin, metrics, signInLog } = parts
  const app = createPageApp()
  app.use(passkeySignInPath, onlyOn(origin))

  app.get(passkeySignInPath, (c) => ask(c, c.req.query('state') ?? ''))
  app.post(passkeySignInPath, limitBody(maxPasskeyFormBytes), async (c) => {
    refuseForeign(c, origin, 'start again where you came from')
    const field = await textFields(c)
    const [state, response] = [field(passkeyFields.state), field(passkeyFields.response)]
    if (response === '') return ask(c, state, nothingMade)
    try {
      const cookieHeader = c.req.header('cookie')
      const address = c.env.client.ip
      const callback = await local.signIn.verify({ state, response, cookieHeader, address })
      return sendOnward(c, 'Sign in', callback, [])
    } catch (error) {
      const fault = faultOf(error)
      metrics.signedIn('failed')
      signInLog.failed(error, c, { cause: causeOf(error) })
      return ask(c, state, fault)
    }
  })

  async function ask(c: PageContext, state: string, fault?: string): Promise<Response> {
    const options = await local.signIn.options(state, c.req.header('cookie'))
    const action = passkeySignInPath
    const question = { gateway: origin.host, action, state, options, fault, script: parts.script }
    return sendScriptedPage(c, passkeySignInPage(question))
  }
  return app
}

/** Why a passkey was refused, which its person is not told. */
export function causeOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error ? cause.message : undefined
}

import { AccessError } from '../../errors.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { limitBody, readForm } from '../answers/body.ts'
import { createPageApp, type PageApp, type PageContext } from '../answers/page-app.ts'
import type { SignInParts } from './parts.ts'

/** @limit body of a logout of the identity provider, in bytes: 413 */
const maxBodyBytes = 16_384

/**
 * The provider says that somebody is signed out there (OpenID Connect Back-Channel Logout 1.0 §2.5). No credential comes
 * with it but its token.
 */
export function createProviderLogoutApi({ identity, signInLog }: SignInParts): PageApp {
  const app = createPageApp()
  function refuse(c: PageContext, refused: AccessError): Response {
    const { code, message } = refused
    signInLog.logoutRefused(refused, c)
    const error = temporary.has(code) ? 'temporarily_unavailable' : 'invalid_request'
    // RFC 6749 §5.2 has no quotes in it.
    const answer = { error, error_description: message.replaceAll('"', "'") }
    return c.json(answer, 400, { 'cache-control': 'no-store' })
  }

  app.post(gatewayPaths.providerLogout, limitBody(maxBodyBytes), async (c) => {
    try {
      await identity.providerLogouts.end(await readToken(c))
    } catch (error) {
      if (error instanceof AccessError) return refuse(c, error)
      throw error
    }
    return c.body(null, 200, { 'cache-control': 'no-store' })
  })
  return app
}

/** §2.8 has 400 for whatever fails; whether it is worth another try is told by the word. */
const temporary: ReadonlySet<string> = new Set(['provider-unavailable', 'too-many-logouts'])

async function readToken(c: PageContext): Promise<string> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  const { logout_token: token } = await readForm(c)
  if (type === 'application/x-www-form-urlencoded' && typeof token === 'string') return token
  throw new AccessError('logout-token-missing', 'the request brings no logout token in a form')
}

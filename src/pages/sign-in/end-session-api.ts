import { gatewayPaths } from '../../tunnel/paths.ts'
import { createPageApp, sendRefusal, type PageApp } from '../answers/page-app.ts'
import type { Refusal } from '../answers/refusal.ts'
import type { SignInParts } from './parts.ts'

/**
 * Ends the session of a token, for programs. The token comes in a header alone, which no page of
 * another site can make a browser send.
 */
export function createEndSessionApi({ identity, signInLog }: SignInParts): PageApp {
  const app = createPageApp()
  app.post(gatewayPaths.endSession, async (c) => {
    const found = await identity.fromHeaders(c.req.header())
    const isEnded =
      found !== undefined && (await identity.sessions.revoke(found.session.id, 'signed-out'))
    if (!isEnded) return sendRefusal(c, noSession)
    if (found.session.kind === 'person') signInLog.signedOut(found.session, c)
    return c.json({ ended: true }, 200, { 'cache-control': 'no-store' })
  })
  return app
}

const noSession: Refusal = {
  status: 401,
  code: 'sign_in_required',
  message: 'there is no session with this token',
  next: 'there is nothing to end; remove the token',
  reasons: [],
}

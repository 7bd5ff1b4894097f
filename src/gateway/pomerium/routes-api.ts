import { gatewayPaths } from '../../tunnel/paths.ts'
import { createPageApp, sendRefusal, type PageApp } from '../app.ts'
import type { Refusal } from '../refusal.ts'
import type { Route } from '../routes/route.ts'
import { displayTarget } from '../routes/table.ts'
import type { SignInParts } from '../sign-in/parts.ts'

/**
 * The routes a person may use now, in the shape of the reference (3.10). Without a session it answers
 * 401 and never redirects: clients follow redirects and choke on the page.
 */
export function createRoutesApi({ identity, routesFor }: SignInParts): PageApp {
  const app = createPageApp()
  app.get(gatewayPaths.routes, async (c) => {
    const found = await identity.fromHeaders(c.req.header())
    if (found === undefined) return sendRefusal(c, signInRequired)
    const routes = routesFor(found.session, c.env.ip).map(toJson)
    return c.json({ routes }, 200, { 'cache-control': 'no-store' })
  })
  app.get('/.pomerium/user', async (c) => {
    const found = await identity.fromHeaders(c.req.header())
    if (found === undefined) return sendRefusal(c, signInRequired)
    const { userId, email, name, groups, expiresAtMs } = found.session
    const expires = new Date(expiresAtMs).toISOString()
    return c.json({ user: userId, email, name, groups, session_expires_at: expires })
  })
  return app
}

function toJson(route: Route): Record<string, unknown> {
  const target = displayTarget(route)
  return {
    id: route.id,
    name: route.name,
    type: 'tcp',
    from: route.from,
    description: route.description,
    ...(target === undefined ? {} : { connect_command: `postern tcp ${target}` }),
  }
}

const signInRequired: Refusal = {
  status: 401,
  code: 'sign_in_required',
  message: 'this needs the token of somebody who is signed in',
  next: 'sign in, and send "Authorization: Bearer Pomerium-TOKEN"',
  reasons: [],
}

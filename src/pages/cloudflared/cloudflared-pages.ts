import type { Caller } from '../../access/caller.ts'
import { parseHost } from '../../address.ts'
import type { Clock } from '../../clock.ts'
import { createApplicationMetadata } from '../../identity/application-metadata.ts'
import type { Identity } from '../../identity/identity.ts'
import type { Decision } from '../../policy/decision.ts'
import type { Route } from '../../routes/route.ts'
import { gatewayPaths, isOwnPath } from '../../tunnel/paths.ts'
import {
  callerOf,
  createPageApp,
  sendPage,
  sendRefusal,
  type PageApp,
  type PageContext,
} from '../answers/page-app.ts'
import type { Refusal } from '../answers/refusal.ts'
import { cloudflaredPage } from '../html/cloudflared-page.ts'
import { applicationHeaders, applicationHostname, createLoginRedirect } from './login-redirect.ts'
import { cloudflaredPaths, metadataHeaders } from './paths.ts'

export interface CloudflaredParts {
  readonly identity: Pick<Identity, 'applications' | 'fromHeaders'>
  readonly origin: URL
  readonly clock: Clock
  /** The application that answers on every path of this host; `host` as `parseHost` answers it. */
  applicationAt(host: string): Route | undefined
  /** What policy says of whoever only looks. */
  foreseen(caller: Caller, route: Route): Decision
}

interface Found {
  readonly host: string
  readonly route: Route
}

/**
 * What stock `cloudflared access` asks besides its upgrade: which application this is, by either
 * generation's way, and whether its token is good. Browsers that it sends here get a page.
 */
export function createCloudflaredPages(parts: CloudflaredParts): PageApp {
  const { identity, origin, clock, applicationAt } = parts
  const { applications } = identity
  const metadataOf = createApplicationMetadata(applications, clock)
  const redirect = createLoginRedirect(origin, applications)
  const app = createPageApp()

  function applicationOf(host: string | undefined): Found | undefined {
    const name = host === undefined ? undefined : parseHost(host)
    const route = name === undefined ? undefined : applicationAt(name)
    return name === undefined || route === undefined ? undefined : { host: name, route }
  }
  const askedOf = (c: PageContext): Found | undefined => applicationOf(new URL(c.req.url).hostname)

  function loginFirst(c: PageContext, { host, route }: Found): Response {
    const { pathname, search } = new URL(c.req.url)
    return new Response(null, {
      status: 302,
      headers: redirect({ host, route, target: pathname + search }),
    })
  }

  app.use(async (c, next) => {
    const found = isOwnPath(c.req.path) ? undefined : askedOf(c)
    if (found === undefined) return next()
    if (c.req.query('cloudflared_token_check') === 'true') {
      const live = await identity.fromHeaders(c.req.header(), applicationHostname(found.route))
      return live === undefined ? loginFirst(c, found) : c.text('the token is good\n')
    }
    if (c.req.method !== 'HEAD' || !asksToSignIn(parts, c, found)) return next()
    const answer = loginFirst(c, found)
    if (c.req.header(metadataHeaders.request) !== 'true') return answer
    const metadata = await metadataOf(found.host, applicationHostname(found.route))
    if (metadata !== undefined) answer.headers.set(metadataHeaders.answer, metadata)
    return answer
  })

  app.get(cloudflaredPaths.certs, async (c) => {
    const headers = { 'cache-control': 'public, max-age=300' }
    return c.json(await applications.keySet(), 200, headers)
  })
  app.get(`${cloudflaredPaths.login}/:host`, (c) =>
    sendHelp(c, parts, applicationOf(c.req.param('host'))),
  )
  app.get(cloudflaredPaths.cli, (c) => sendHelp(c, parts, askedOf(c)))
  app.get(cloudflaredPaths.identity, async (c) => {
    const found = askedOf(c)
    const hostname = found && applicationHostname(found.route)
    const live = await identity.fromHeaders(c.req.header(), hostname)
    if (live === undefined) return sendRefusal(c, signInRequired)
    const { userId, email, expiresAtMs } = live.session
    const name = live.session.kind === 'person' ? live.session.name : undefined
    const { groups } = live.session
    const exp = expiresAtMs === undefined ? undefined : Math.floor(expiresAtMs / 1000)
    const answer = { user_uuid: userId, email, name, groups, exp }
    return c.json(answer, 200, { 'cache-control': 'no-store' })
  })
  app.get(cloudflaredPaths.logout, (c) => c.redirect(new URL(gatewayPaths.signOut, origin).href))
  return app
}

/** Whether somebody who shows nothing is asked to sign in: an open application has no login. */
function asksToSignIn({ foreseen }: CloudflaredParts, c: PageContext, { route }: Found): boolean {
  return foreseen(callerOf(c, undefined), route).outcome === 'sign-in'
}

function sendHelp(
  c: PageContext,
  { origin, identity }: CloudflaredParts,
  found: Found | undefined,
): Response {
  if (found === undefined) return sendRefusal(c, noApplication)
  const { host, route } = found
  const place = origin.port === '' ? host : `${host}:${origin.port}`
  const response = sendPage(c, cloudflaredPage({ hostname: host, place }))
  const { audienceOf } = identity.applications
  const headers = applicationHeaders(applicationHostname(route), audienceOf)
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}

const noApplication: Refusal = {
  status: 404,
  code: 'application_not_found',
  message: 'there is no application of this name here',
  next: 'check the host name; "postern routes list" shows what you may use',
  reasons: [],
}

const signInRequired: Refusal = {
  status: 401,
  code: 'sign_in_required',
  message: 'this needs a token of somebody who is signed in',
  next: 'send "Cf-Access-Token" with a token of "postern access token"',
  reasons: [],
}

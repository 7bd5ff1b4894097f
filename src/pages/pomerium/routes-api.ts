import type { Identity } from '../../identity/identity.ts'
import type { AnySession } from '../../identity/session.ts'
import { explainReason } from '../../policy/explain.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { createPageApp, sendRefusal, type PageApp, callerOf } from '../answers/page-app.ts'
import type { Caller } from '../../access/caller.ts'
import type { Refusal } from '../answers/refusal.ts'
import type { ListedRoute, SeenRoutes, UsableRoute } from '../../routes/seen.ts'
import { parseFrom } from '../../routes/from.ts'
import type { Route } from '../../routes/route.ts'
import type { RouteWay } from '../../routes/route-way.ts'
import { quoted } from '../../service-tools.ts'
import { version } from '../../version.ts'

export interface RoutesApiParts {
  /** Undefined when nobody can sign in: then everybody sees what is public. */
  readonly signIn: { readonly identity: Identity; readonly origin: URL } | undefined
  seenBy(caller: Caller, gateway: string): SeenRoutes
}

/**
 * The routes somebody may use now, in the shape of the reference (3.10), each with the commands that its
 * caller has: our own clients say who they are, every other one is told a stock client's. Where people
 * can sign in it answers 401 without a session and never redirects: clients follow redirects and choke
 * on the page.
 */
export function createRoutesApi({ signIn, seenBy }: RoutesApiParts): PageApp {
  const app = createPageApp()
  app.get(gatewayPaths.routes, async (c) => {
    const found = await signIn?.identity.fromHeaders(c.req.header())
    if (signIn !== undefined && found === undefined) return sendRefusal(c, signInRequired)
    const gateway = signIn?.origin.origin ?? `https://${new URL(c.req.url).host}`
    const { usable, listed } = seenBy(callerOf(c, found), gateway)
    const isOurs = isOurClient(c.req.header('user-agent'))
    const answer = {
      routes: usable.map(isOurs ? usableToJson : usableToStock),
      listed_routes: listed.map(listedToJson),
      ...(found && { session_expires_at: expiryOf(found.session) }),
    }
    return c.json(answer, 200, { 'cache-control': 'no-store' })
  })
  if (signIn !== undefined) addUser(app, signIn.identity)
  return app
}

function addUser(app: PageApp, identity: Identity): void {
  app.get('/.pomerium/user', async (c) => {
    const found = await identity.fromHeaders(c.req.header())
    if (found === undefined) return sendRefusal(c, signInRequired)
    const { session } = found
    // Strangers are not told which release this is.
    const rest = { session_expires_at: expiryOf(session), gateway_version: version }
    if (session.kind === 'service-account')
      return c.json({ service_account: session.userId, ...rest })
    const { userId, email, name, groups } = session
    return c.json({ user: userId, email, name, groups, ...rest })
  })
}

/** RFC 3339; undefined for a service account that never expires. */
function expiryOf({ expiresAtMs }: AnySession): string | undefined {
  return expiresAtMs === undefined ? undefined : new Date(expiresAtMs).toISOString()
}

function toJson({ id, name, from, description }: Route): Record<string, unknown> {
  return { id, name, type: 'tcp', from, description }
}

function usableToJson(seen: UsableRoute): Record<string, unknown> {
  const way = firstWhole(seen)
  return {
    ...toJson(seen.route),
    ...(way && { connect_command: way.connect }),
    commands: seen.ways.flatMap(({ commands }) => commands),
  }
}

function usableToStock(seen: UsableRoute): Record<string, unknown> {
  const way = firstWhole(seen)
  return { ...toJson(seen.route), ...(way && { connect_command: stockCommand(seen.route, way) }) }
}

/** The first way, unless it has a placeholder: what has to be changed before it runs is not a command. */
function firstWhole({ ways: [first] }: UsableRoute): RouteWay | undefined {
  return first?.placeholders.length === 0 ? first : undefined
}

/** How our own clients name themselves; every other one asks this API as a Pomerium's. */
function isOurClient(userAgent: string | undefined): boolean {
  return userAgent?.startsWith('postern/') === true
}

/**
 * The command that a Pomerium gives for a route: `pomerium-cli tcp HOST:PORT`, which asks for the gateway
 * on port 443 of that host, and `tcp+https://GATEWAY/HOST:PORT` for the extended form. A gateway on another
 * port is named, since no stock client would find it.
 */
export function stockCommand({ from }: Pick<Route, 'from'>, way: RouteWay): string {
  const { destination, gateway } = way
  const parsed = parseFrom(from)
  if ('gateway' in parsed && parsed.gateway !== undefined) {
    return `pomerium-cli tcp ${quoted(`tcp+${gateway}/${destination}`)}`
  }
  const option = new URL(gateway).port === '' ? '' : ` --pomerium-url ${quoted(gateway)}`
  return `pomerium-cli tcp${option} ${quoted(destination)}`
}

function listedToJson({ route, reasons }: ListedRoute): Record<string, unknown> {
  const why = reasons.map(explainReason).join('; ')
  return { ...toJson(route), reasons, why, contact: route.contact }
}

const signInRequired: Refusal = {
  status: 401,
  code: 'sign_in_required',
  message: 'this needs the token of somebody who is signed in',
  next: 'sign in, and send "Authorization: Bearer Pomerium-TOKEN"',
  reasons: [],
}

import { DeniedError } from '../../access/denied.ts'
import { parseHost } from '../../address.ts'
import { AccessError } from '../../errors.ts'
import type { Identity } from '../../identity/identity.ts'
import { endingAt, type Session } from '../../identity/session.ts'
import { explainReason } from '../../policy/explain.ts'
import { whomToAsk, type Route } from '../../routes/route.ts'
import type { AuditLog } from '../../telemetry/audit-log.ts'
import {
  decodeApplicationTokenRequest,
  encodeApplicationTokenAnswer,
} from '../../tunnel/application-token.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { limitBody, readForm } from '../answers/body.ts'
import { callerOf, createPageApp, type PageApp, type PageContext } from '../answers/page-app.ts'
import { askerOf } from '../sign-in/sign-in-log.ts'
import type { CloudflaredParts } from './cloudflared-pages.ts'
import { applicationHostname } from './login-redirect.ts'

export interface ApplicationTokenParts extends Omit<CloudflaredParts, 'identity' | 'clock'> {
  readonly identity: Pick<Identity, 'applications' | 'fromHeaders'>
  readonly audit: AuditLog
}

/**
 * A host name has at most 253 characters.
 *
 * @limit a request for a token of an application: 413 `request_too_large`
 */
const maxRequestBytes = 1_024

/**
 * Exchanges somebody's token for one of an application that they may use. The token comes in a header
 * alone, which no page of another site can make a browser send; an application's own is not taken.
 */
export function createApplicationTokenApi(parts: ApplicationTokenParts): PageApp {
  const { identity, audit } = parts
  const app = createPageApp()
  app.use(gatewayPaths.applicationToken, limitBody(maxRequestBytes))
  app.post(gatewayPaths.applicationToken, async (c) => {
    const form = await readForm(c)
    const session = await personOf(c, parts)
    const route = routeFor(c, session, decodeApplicationTokenRequest(form) ?? '', parts)
    const hostname = applicationHostname(route)
    const { applications } = identity
    const token = await applications.issue(session, hostname)
    if (token === undefined) throw endsTooSoon()
    const application = { application: hostname }
    audit.record({
      kind: 'session',
      event: 'application token issued',
      session,
      ...askerOf(c),
      details: application,
    })
    const answer = encodeApplicationTokenAnswer({
      hostname,
      audience: applications.audienceOf(hostname),
      authDomain: applications.authDomain,
      token,
      expiresAtMs: session.expiresAtMs,
      keySet: JSON.stringify(await applications.keySet()),
    })
    const headers = {
      'content-type': 'application/json; charset=UTF-8',
      'cache-control': 'no-store',
    }
    return c.body(answer, 200, headers)
  })
  return app
}

async function personOf(c: PageContext, { identity }: ApplicationTokenParts): Promise<Session> {
  const found = await identity.fromHeaders(c.req.header())
  if (found?.session.kind === 'person') return endingAt(found.session, found.endsAtMs ?? Infinity)
  if (found === undefined) {
    throw new AccessError('sign-in-required', 'this needs the token of somebody who is signed in', {
      hint: 'sign in, and send "Authorization: Pomerium TOKEN"',
    })
  }
  throw new AccessError(
    'not-for-service-accounts',
    'a service account gets no token of an application',
    {
      hint: 'give cloudflared its id and secret: "--service-token-id" and "--service-token-secret"',
    },
  )
}

function routeFor(
  c: PageContext,
  session: Session,
  text: string,
  { applicationAt, foreseen }: ApplicationTokenParts,
): Route {
  const host = parseHost(text)
  const route = host === undefined ? undefined : applicationAt(host)
  if (route === undefined) {
    throw new AccessError('application-not-found', 'there is no application of this name here', {
      hint: 'check the host name: it is the one of "--hostname"',
    })
  }
  const { outcome, deny, allow } = foreseen(callerOf(c, { session, version: 0 }), route)
  if (outcome === 'allow') return route
  const { reasons } = deny.value ? deny : allow
  const why = reasons.map(explainReason).join('; ')
  const who = session.email ?? session.userId
  throw new DeniedError(
    `"${who}" may not use this application${why === '' ? '' : `: ${why}`}`,
    reasons,
    `ask ${whomToAsk(route)} for access, and give the request id`,
  )
}

/** A sign-in is wanted: clients begin a new one. */
function endsTooSoon(): AccessError {
  return new AccessError('sign-in-required', 'your sign-in ends within a quarter of an hour', {
    hint: 'sign in anew: "postern logout", and then again',
  })
}

import type { CallerActor } from '../../control/change.ts'
import { signInRequired } from '../../control/authority.ts'
import { AccessError } from '../../errors.ts'
import type { ApiParts, PageRequest } from '../../gateway/parts.ts'
import type { LiveCaller } from '../../identity/session.ts'

/** What is looked at to know who asks. */
export interface AskedBy {
  readonly request: Request
  readonly env: PageRequest
}

type CallerParts = Pick<ApiParts, 'origin' | 'identify' | 'callerOf'>

/**
 * Who asks: a service account by its credential, or a person by the cookie of their browser, whose requests other
 * sites can cause as well. The token of a person's client is for tunnels, and good for nothing here.
 *
 * @throws AccessError `sign-in-required`, `credential-unknown`, `origin-not-allowed`
 */
export async function actorOf({ request, env }: AskedBy, parts: CallerParts): Promise<CallerActor> {
  const credential = credentialOf(request.headers)
  const cookie = request.headers.get('cookie')
  if (credential === undefined && cookie !== null) refuseOtherSites(request, parts.origin)
  const found =
    credential === undefined
      ? cookie !== null && (await parts.callerOf(cookie))
      : await byCredential(credential, parts)
  if (!found) throw signInRequired()
  const { session, version: sessionVersion } = found
  const { client, requestId } = env
  return { kind: 'caller', session, sessionVersion, client, requestId }
}

type Credential = Readonly<Record<string, string>>

/** A browser sends none of these by itself, and not to another site without asking first (CORS). */
function credentialOf(headers: Headers): Credential | undefined {
  const authorization = headers.get('authorization')
  if (authorization !== null) {
    const token = /^(?:bearer +(?:pomerium-)?|pomerium +)(\S+)$/i.exec(authorization.trim())?.[1]
    return { authorization: `Pomerium ${token ?? ''}` }
  }
  const id = headers.get('cf-access-client-id')
  const secret = headers.get('cf-access-client-secret')
  if (id === null || secret === null) return undefined
  return { 'cf-access-client-id': id, 'cf-access-client-secret': secret }
}

async function byCredential(
  credential: Credential,
  { identify }: CallerParts,
): Promise<LiveCaller> {
  const found = await identify(credential)
  if (found?.session.kind === 'service-account') return found
  const message =
    found === undefined
      ? 'this credential is unknown, expired or revoked'
      : "this is the token of a person's client, which is for tunnels alone"
  throw new AccessError('credential-unknown', message, {
    hint: 'use the credential of a service account, or sign in with a browser',
  })
}

/** Browsers say which site has caused a request (Fetch Metadata), and those before that where it comes from. */
const siteHeader = 'sec-fetch-site'
/** Only a script of our own pages sends it: another site's may not without being asked for (CORS). */
const ownHeader = 'x-postern-request'

/** The cookie comes with requests that other sites cause, too. */
function refuseOtherSites({ headers, method, url }: Request, origin: URL | undefined): void {
  const isRead = method === 'GET' || method === 'HEAD'
  const site = headers.get(siteHeader)
  // `none` is somebody who typed the address.
  const isOurs = site === null || site === 'same-origin' || (isRead && site === 'none')
  const from = headers.get('origin')
  const own = origin?.origin ?? `https://${new URL(url).host}`
  if (!isOurs || (from !== null && from !== own)) {
    throw new AccessError('origin-not-allowed', 'another site made this request', {
      hint: 'open the page of this gateway',
    })
  }
  if (isRead || headers.get(ownHeader) === '1') return
  const message = `a change by a browser's cookie needs the header "${ownHeader}: 1"`
  throw new AccessError('origin-not-allowed', message, {
    hint: 'programs use the credential of a service account instead of a cookie',
  })
}

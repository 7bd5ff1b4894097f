import type { ApplicationTokens } from '../../identity/application-tokens.ts'
import { parseFrom } from '../../routes/from.ts'
import type { Route } from '../../routes/route.ts'
import { cloudflaredPaths } from './paths.ts'

/** Somebody who asks for an application. */
export interface AskedApplication {
  /** As it was asked for: checked, in lower case and without port. */
  readonly host: string
  readonly route: Pick<Route, 'from'>
  /** Path and query of the request. */
  readonly target: string
}

/** The headers of a 302 by which stock clients understand that they are to sign in first. */
export type LoginRedirect = (asked: AskedApplication) => Readonly<Record<string, string>>

/** @limit path and query that an application's login is told: a longer one is left out */
const maxTargetLength = 1_024

/**
 * Leads to the gateway's own host, whatever was asked for. Up to 2026.7 stock clients read the AUD from
 * `kid` there and follow by HEAD, and take the application's name from the header of either answer.
 */
export function createLoginRedirect(
  origin: URL,
  { audienceOf }: Pick<ApplicationTokens, 'audienceOf'>,
): LoginRedirect {
  return ({ host, route, target }) => {
    const hostname = applicationHostname(route)
    const location = new URL(`${cloudflaredPaths.login}/${encodeURIComponent(host)}`, origin)
    location.searchParams.set('kid', audienceOf(hostname))
    const isShort = target.length <= maxTargetLength
    // Nobody is ever led there: it says what was asked for, as Cloudflare's does.
    location.searchParams.set('redirect_url', isShort ? target : '/')
    return {
      location: location.href,
      'cache-control': 'no-store',
      ...applicationHeaders(hostname, audienceOf),
    }
  }
}

/** What tells a stock client which application it has asked for. */
export function applicationHeaders(
  hostname: string,
  audienceOf: (hostname: string) => string,
): Readonly<Record<string, string>> {
  return { 'cf-access-domain': hostname, 'cf-access-aud': audienceOf(hostname) }
}

/** The host name of an application, which may be a wildcard: its `from` has one target. */
export function applicationHostname({ from }: Pick<Route, 'from'>): string {
  const parsed = parseFrom(from)
  return ('targets' in parsed && parsed.targets[0]?.host) || ''
}

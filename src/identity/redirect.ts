import { isLoopbackHost, withoutRootDot } from '../address.ts'

/** @limit the address that a client's sign-in ends at: 400 */
const maxRedirectLength = 2000

/**
 * Parses where a sign-in may end, by the rules of the reference (2.2): http or https, no user
 * information, a host of `domains`, whose entry `localhost` covers 127.0.0.0/8 and ::1 too. Stricter
 * than the reference in one thing: http only to this machine, since the token travels in the URL.
 * Undefined for everything else.
 */
export function parseRedirect(text: string, domains: readonly string[]): URL | undefined {
  const url = text.length > maxRedirectLength ? null : URL.parse(text)
  return url && isRedirectAllowed(url, domains) ? url : undefined
}

/** Whether a sign-in may end at a URL; see `parseRedirect`. */
export function isRedirectAllowed(url: URL, domains: readonly string[]): boolean {
  if (url.username !== '' || url.password !== '') return false
  const host = withoutRootDot(url.hostname)
  const isLoopback = isLoopbackHost(host)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback)) return false
  return domains.some((domain) => {
    const name = withoutRootDot(domain.toLowerCase())
    return name === host || (name === 'localhost' && isLoopback)
  })
}

import { isLoopbackHost } from '../address.ts'

/** The cookies of one browser, as far as a sign-in needs them (RFC 6265 §5). */
export interface CookieJar {
  /** Takes the `Set-Cookie` values of an answer from `url`. */
  store(url: URL, setCookies: readonly string[]): void
  /** The `Cookie` header for a request to `url`; undefined when there is none to send. */
  header(url: URL): string | undefined
}

interface Cookie {
  readonly name: string
  readonly value: string
  readonly host: string
  readonly path: string
  readonly isSecure: boolean
}

const maxCookies = 200

/** Makes an empty jar. Cookies are kept per host; as in browsers, the port makes no difference. */
export function createCookieJar(): CookieJar {
  const cookies = new Map<string, Cookie>()
  return {
    store(url, setCookies) {
      for (const text of setCookies) {
        const { cookie, isGone } = parseSetCookie(text, url)
        const key = `${cookie.host} ${cookie.path} ${cookie.name}`
        if (!mayBearName(cookie, text)) continue
        cookies.delete(key)
        if (!isGone && cookies.size < maxCookies) cookies.set(key, cookie)
      }
    },
    header(url) {
      const sent = [...cookies.values()].filter((cookie) => isSentTo(cookie, url))
      // Longer paths first (§5.4).
      sent.sort((a, b) => b.path.length - a.path.length)
      return sent.map(({ name, value }) => `${name}=${value}`).join('; ') || undefined
    },
  }
}

function isSentTo(cookie: Cookie, url: URL): boolean {
  if (cookie.host !== url.hostname) return false
  // Browsers trust this machine as they do TLS (W3C Secure Contexts §3.1).
  const isTrusted = url.protocol === 'https:' || isLoopbackHost(url.hostname)
  if (cookie.isSecure && !isTrusted) return false
  if (cookie.path === '/' || url.pathname === cookie.path) return true
  const folder = cookie.path.endsWith('/') ? cookie.path : `${cookie.path}/`
  return url.pathname.startsWith(folder)
}

/** RFC 6265bis §5.7: `__Host-` is kept for cookies of one host, over TLS, for all of its paths. */
function mayBearName({ name, path, isSecure }: Cookie, setCookie: string): boolean {
  if (!/^__host-/i.test(name)) return true
  return isSecure && path === '/' && !/;\s*domain\s*=/i.test(setCookie)
}

function parseSetCookie(text: string, url: URL): { cookie: Cookie; isGone: boolean } {
  const [pair = '', ...attributes] = text.split(';').map((part) => part.trim())
  const values = new Map(
    attributes.map((attribute) => {
      const [name, value] = split(attribute)
      return [name.toLowerCase(), value]
    }),
  )
  const [name, value] = split(pair)
  const path = values.get('path') ?? ''
  const expires = values.get('expires')
  const isGone =
    Number(values.get('max-age') ?? 1) <= 0 ||
    (expires !== undefined && Date.parse(expires) <= Date.now())
  const cookie: Cookie = {
    name,
    value,
    host: url.hostname,
    path: path.startsWith('/') ? path : defaultPath(url),
    isSecure: values.has('secure'),
  }
  return { cookie, isGone }
}

function split(pair: string): [string, string] {
  const equals = pair.indexOf('=')
  return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
}

/** The directory of the request's path (§5.1.4). */
function defaultPath(url: URL): string {
  return url.pathname.slice(0, url.pathname.lastIndexOf('/')) || '/'
}

/** One cookie of a `Cookie` header. */
export interface Cookie {
  readonly name: string
  readonly value: string
}

/**
 * Begins the name of every cookie of ours: a browser takes one of such a name only over TLS, from the
 * host itself, for all of its paths. Without it any sibling host (`evil.corp.example` beside
 * `gateway.corp.example`) can set our cookies with `Domain`, and sign somebody in as somebody else.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3.2
 */
const hostPrefix = '__Host-'

/** Parses a `Cookie` header (RFC 6265 §4.2.1). */
export function parseCookies(header: string | undefined): readonly Cookie[] {
  return (header ?? '').split(';').flatMap((part) => {
    const equals = part.indexOf('=')
    if (equals < 1) return []
    const name = withoutBlanks(part.slice(0, equals))
    const value = withoutBlanks(part.slice(equals + 1)).replace(/^"(.*)"$/, '$1')
    return name === '' ? [] : [{ name, value }]
  })
}

/**
 * Space and tab alone (RFC 6265 §5.2). `trim` takes U+00A0 too, which is part of a name to a browser: one
 * that begins so has no prefix there, any sibling host may set it, and here it would pass for ours. No regular
 * expression: one for blanks at the end looks at a run of them once for each of it.
 */
function withoutBlanks(text: string): string {
  let [start, end] = [0, text.length]
  while (isBlank(text[start])) start += 1
  while (end > start && isBlank(text[end - 1])) end -= 1
  return text.slice(start, end)
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}

/**
 * Our cookies in a `Cookie` header, by names without the prefix. Of two with one name none counts: a
 * browser keeps one, so somebody else has set the other.
 */
export function ownCookies(header: string | undefined): ReadonlyMap<string, string> {
  const own = new Map<string, string>()
  const doubled = new Set<string>()
  for (const { name, value } of parseCookies(header)) {
    if (!name.startsWith(hostPrefix)) continue
    const plain = name.slice(hostPrefix.length)
    if (own.has(plain)) doubled.add(plain)
    own.set(plain, value)
  }
  for (const name of doubled) own.delete(name)
  return own
}

export function findCookie(header: string | undefined, name: string): string | undefined {
  return ownCookies(header).get(name)
}

/**
 * Formats a `Set-Cookie` value for this host only; the name gets its prefix here. `Lax`, not
 * `Strict`: the provider's redirect back is a navigation from another site and must carry it.
 */
export function formatSetCookie(name: string, value: string, maxAgeSeconds: number): string {
  return `${hostPrefix}${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; Secure; HttpOnly; SameSite=Lax`
}

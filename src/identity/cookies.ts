/** One cookie of a `Cookie` header. */
export interface Cookie {
  readonly name: string
  readonly value: string
}

/** Parses a `Cookie` header (RFC 6265 §4.2.1); of the same name, browsers send the closest first. */
export function parseCookies(header: string | undefined): readonly Cookie[] {
  return (header ?? '').split(';').flatMap((part) => {
    const equals = part.indexOf('=')
    if (equals < 1) return []
    const name = part.slice(0, equals).trim()
    const value = part
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1')
    return name === '' ? [] : [{ name, value }]
  })
}

export function findCookie(header: string | undefined, name: string): string | undefined {
  return parseCookies(header).find((cookie) => cookie.name === name)?.value
}

/**
 * Formats a `Set-Cookie` value for this host only. `Lax`, not `Strict`: the provider's redirect back
 * is a navigation from another site and must carry it.
 */
export function formatSetCookie(name: string, value: string, maxAgeSeconds: number): string {
  return `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; Secure; HttpOnly; SameSite=Lax`
}

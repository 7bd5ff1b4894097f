import { isIP, isIPv6 } from 'node:net'

/** A host name or IP address and a TCP port. Hosts are lower case; IPv6 has no brackets here. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

/**
 * Longest host name in text form (RFC 1035 §2.3.4: 255 octets on the wire).
 *
 * @limit a host name: 400 `malformed_request`; in a configuration, an error
 */
const maxHostLength = 253

// LDH labels, and the underscore that DNS names of services carry in practice.
const hostLabel = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/

/** Parses a port of 1 to 65535 in plain decimal, without sign, space or leading zero. */
export function parsePort(text: string): number | undefined {
  if (!/^[1-9][0-9]{0,4}$/.test(text)) return undefined
  const port = Number(text)
  return port <= 65_535 ? port : undefined
}

/**
 * Parses a host as it stands in an authority: a DNS name, an IPv4 address, or IPv6 in brackets.
 * Answers in lower case, without brackets, and without the dot by which a name may end: with it or
 * without, it is the same host. Undefined when it is none of these.
 *
 * @see https://www.rfc-editor.org/rfc/rfc3986#section-3.2.2
 */
export function parseHost(text: string): string | undefined {
  if (text.startsWith('[')) {
    const inner = text.slice(1, -1)
    return text.endsWith(']') && isIPv6(inner) && !inner.includes('%')
      ? canonicalIPv6(inner)
      : undefined
  }
  // Beyond ASCII, lower-casing makes one letter of another: the Kelvin sign becomes a plain "k".
  // oxlint-disable-next-line no-control-regex
  if (/[^\0-\x7f]/.test(text)) return undefined
  const host = text.toLowerCase()
  if (isIP(host) === 4) return host
  const name = withoutRootDot(host)
  return isDnsName(name) ? name : undefined
}

/** A name without the dot of the root (RFC 1034 §3.1): what a certificate or a server name holds. */
export function withoutRootDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}

/**
 * Parses `host:port`, the authority-form of CONNECT (RFC 9112 §3.2.3): both parts are required,
 * IPv6 is in brackets, and nothing may come before or after.
 */
export function parseAuthority(text: string): HostPort | undefined {
  const colon = text.lastIndexOf(':')
  if (colon < 1) return undefined
  const host = parseHost(text.slice(0, colon))
  const port = parsePort(text.slice(colon + 1))
  return host === undefined || port === undefined ? undefined : { host, port }
}

/**
 * The host of `host` or `host:port`, as `parseHost` answers it; the port may be empty (RFC 3986 §3.2.3), and
 * is not looked at otherwise. Undefined for anything more, such as a user name.
 */
export function hostOfAuthority(text: string): string | undefined {
  const [, host] = /^(\[[^\]]*\]|[^:]*)(?::\d{0,5})?$/s.exec(text) ?? []
  return host === undefined ? undefined : parseHost(host)
}

/**
 * Whether two authorities name the same host and port. Text that is not an authority equals only itself.
 */
export function isSameAuthority(one: string, other: string): boolean {
  const [first, second] = [parseAuthority(one), parseAuthority(other)]
  if (first === undefined || second === undefined) return one.toLowerCase() === other.toLowerCase()
  return first.host === second.host && first.port === second.port
}

/** Formats `host:port`, with brackets around IPv6. */
export function formatAuthority({ host, port }: HostPort): string {
  return `${bracketed(host)}:${port}`
}

/** The host as it stands in a URL or authority: IPv6 in brackets. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** Whether a host is this machine by its very name: 127.0.0.0/8, ::1 or `localhost`. */
export function isLoopbackHost(host: string): boolean {
  const plain = host.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  return plain === 'localhost' || plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}

/** An IPv4 address mapped into IPv6 (`::ffff:192.0.2.1`, `::ffff:c000:201`) as plain IPv4; others unchanged. */
export function unmapIPv4(address: string): string {
  const [, dotted, ...groups] =
    /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i.exec(address) ?? []
  if (dotted !== undefined) return dotted
  const octets = groups
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 0xff])
  return octets.length === 0 ? address : octets.join('.')
}

function isDnsName(host: string): boolean {
  if (host.length === 0 || host.length > maxHostLength) return false
  const labels = host.split('.')
  // A name whose last label is a number would be read as an IPv4 address by URL parsers
  // (https://url.spec.whatwg.org/#ends-in-a-number-checker): "1.2.3" or "0x7f.1" is refused.
  if (/^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')) return false
  return labels.every((label) => hostLabel.test(label))
}

/** RFC 5952 form of an IPv6 address without a zone, so that two spellings of one are equal. */
export function canonicalIPv6(address: string): string {
  // Bun's URL refuses some with the last 32 bits as IPv4, such as "1:2:3:4::192.0.2.1".
  const groups = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...octets: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = octets.slice(0, 4).map(Number)
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  })
  return new URL(`http://[${groups}]`).hostname.slice(1, -1)
}

/**
 * What counts as one address: all of an IPv4 address, the first 64 bits of an IPv6 one, which is what
 * one subscriber has to choose from (RFC 6177, RFC 7934).
 */
export function addressKey(address: string): string {
  const plain = address.replace(/%.*$/, '')
  if (!isIPv6(plain)) return plain
  const text = canonicalIPv6(plain)
  const [head = '', tail] = text.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const missing = tail === undefined ? 0 : 8 - before.length - after.length
  const zeros = Array.from({ length: missing }, () => '0')
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`
}

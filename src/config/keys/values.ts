import { z } from 'zod'
import { isLoopbackHost, parseHost, parsePort, withoutRootDot } from '../../address.ts'
import { parseDuration } from '../../clock.ts'
import { ipRangeForm, parseIpRange } from '../../ip-ranges.ts'
import { mustBe, secretTextOf, show, textOf } from '../../schema.ts'
import type { Fault } from '../../schema.ts'
import { didYouMean } from '../../spelling.ts'
import type { ListenAddress } from '../../net/listen-address.ts'

/** Any text but an empty one. */
export const text = textOf('text', (value) => (value.trim() === '' ? undefined : value.trim()))

/**
 * Longest `contact`, in characters.
 *
 * @limit the `contact` of a route: the configuration does not load
 */
const maxContactChars = 200

/** Whom to ask: one line of text. */
export const contact = textOf('text', (value): string | Fault | undefined => {
  const line = value.trim()
  if (line.length > maxContactChars) {
    return { fault: `must be at most ${maxContactChars} characters, not ${line.length}` }
  }
  if (/\p{Cc}/u.test(line)) return { fault: 'must be one line, without control characters' }
  return line
})

/** Text that is never repeated in a message. */
export const secretText = secretTextOf('text, and not empty', (value) =>
  value.trim() === '' ? undefined : value.trim(),
)

/** A path as it is written; it is resolved by who reads it. */
export const path = textOf('a path', (value): string | Fault | undefined => {
  if (value.startsWith('~'))
    return { fault: `"~" in ${show(value)} is not expanded: write the folder out` }
  return value === '' || value.includes('\0') ? undefined : value
})

export const flag = z.boolean()

/** A duration in whole milliseconds; 0 stands for none. */
export const duration = durationOf('a duration such as 15m', 0)

/** A duration of at least a second. */
export const longDuration = durationOf('a duration of at least 1s, such as 15m', 1000)

function durationOf(expected: string, leastMs: number): z.ZodType<number> {
  const schema = textOf(expected, (value) => {
    const parsed = parseDuration(value)
    if (parsed === undefined || parsed < leastMs) return undefined
    const rounded = Math.round(parsed)
    // A nanosecond must not turn into 0, which stands for no limit at all.
    return rounded === 0 && parsed > 0 ? undefined : rounded
  })
  // `timeout: 0` needs no unit and no quotes.
  return z.preprocess((value) => (value === 0 ? '0' : value), schema)
}

/** @limit a bound that counts something: the configuration does not load */
const maxCount = 1_000_000_000

/** How many; 0 stands for no limit. */
export const count: z.ZodType<number> = z.preprocess(
  (value) => (typeof value === 'number' ? String(value) : value),
  textOf('a whole number such as 20, or 0 for no limit', (value) => {
    const number = /^\d{1,10}$/.test(value) ? Number(value) : undefined
    return number === undefined || number > maxCount ? undefined : number
  }),
)

/** `:443`, `127.0.0.1:443`, `[::1]:443`; port 0 lets the system choose. */
export const listenAddress: z.ZodType<ListenAddress> = textOf(
  'an address to listen on such as :443 or 127.0.0.1:443',
  (value) => {
    const colon = value.lastIndexOf(':')
    const port = value.slice(colon + 1) === '0' ? 0 : parsePort(value.slice(colon + 1))
    const host = colon > 0 ? parseHost(value.slice(0, colon)) : undefined
    if (colon < 0 || port === undefined) return undefined
    return colon === 0 || host !== undefined ? { host, port } : undefined
  },
)

/** The origin of the sign-in: https, nothing behind the host. */
export const origin = textOf('an https URL such as https://auth.example.com', (value) => {
  const url = URL.parse(value)
  if (url?.protocol !== 'https:') return undefined
  if (url.pathname !== '/' || hasExtras(url)) {
    return { fault: `${show(value)} must end with its host: no path, user name, query or fragment` }
  }
  // To a browser a dot behind the name makes another origin, with other cookies.
  url.hostname = withoutRootDot(url.hostname)
  return url.hostname.endsWith('.') ? undefined : url
})

/** An issuer: https, or http on this machine. */
export const issuer = textOf('an https URL such as https://login.example.com', (value) => {
  const url = URL.parse(value)
  if (url === null || hasExtras(url)) return undefined
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    return { fault: `${show(value)} must be https: http is for a provider on this machine only` }
  }
  return url.protocol === 'https:' || url.protocol === 'http:' ? url : undefined
})

function hasExtras(url: URL): boolean {
  return url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== ''
}

const secretBytes = 32

/** An IP address or a CIDR range. */
export const ipRange = textOf(ipRangeForm, parseIpRange)

/** Base64 (RFC 4648 §4) of exactly 32 bytes. */
export const secretKey = secretTextOf(`base64 of exactly ${secretBytes} bytes`, parseSecretKey)

/** Decodes base64 of exactly 32 bytes; white space around it is left out. */
export function parseSecretKey(value: string): Buffer | undefined {
  const bytes = decodeBase64(value.trim())
  return bytes?.byteLength === secretBytes ? bytes : undefined
}

/** Base64 of a PEM text, as Pomerium takes certificates without a file. */
export const base64Pem = secretTextOf('base64 of a PEM text', parseBase64Pem)

/** Decodes base64 of a PEM text, its lines joined. */
export function parseBase64Pem(value: string): string | undefined {
  const pem = decodeBase64(value.replaceAll(/\s/g, ''))?.toString('utf8')
  return pem?.includes('-----BEGIN ') === true ? pem : undefined
}

/** Buffer.from leaves out what is no base64; encoding again shows whether it did. */
function decodeBase64(value: string): Buffer | undefined {
  const bytes = Buffer.from(value, 'base64')
  const same = bytes.toString('base64').replace(/=+$/, '') === value.replace(/=+$/, '')
  return same && bytes.byteLength > 0 ? bytes : undefined
}

/** RFC 6265 §4.1.1: a cookie's name is a token. The prefix that browsers know is added to it later. */
export const cookieName = textOf('a cookie name such as postern, without a prefix', (value) =>
  /^(?!__(?:host|http|secure)-)[!#$%&'*+.^_`|~\w-]{1,64}$/i.test(value) ? value : undefined,
)

/** A scope of a sign-in: RFC 6749 §3.3. */
export const scope = textOf('a scope such as openid', (value) =>
  /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value) ? value : undefined,
)

/** A host a sign-in may end at: a name or an address, no port and no wildcard. */
export const redirectHost = textOf('a host such as localhost, without a port', (value) => {
  return parseHost(value.includes(':') && !value.startsWith('[') ? `[${value}]` : value)
})

/** A name in a certificate: of a host, or an address. */
export const serverName = textOf('a host such as gateway.example.com', (value) =>
  parseHost(value.includes(':') && !value.startsWith('[') ? `[${value}]` : value),
)

/** A claim's values: one, or a list of them. */
export const claimValues = z.preprocess(
  (value) => (Array.isArray(value) || value === null ? value : [value]),
  z.array(
    z.union([z.string(), z.number(), z.boolean()], {
      error: ({ input }) => mustBe('text, a number, true or false', input),
    }),
  ),
)

/** The name of a log field, checked by the table of the log that has it. */
export function logField(isField: (name: string) => boolean, names: readonly string[]) {
  return textOf('a field such as request-id or headers.NAME', (value): string | Fault => {
    if (value === 'id-token') return { fault: 'field "id-token" is a secret, and is never logged' }
    if (isField(value)) return value
    if (value.startsWith('headers.')) {
      return { fault: `field ${show(value)} must be headers.NAME, of a header without secrets` }
    }
    const hint = didYouMean(value, names)
    const expected = hint === undefined ? `: expected headers.NAME, ${names.join(', ')}` : ''
    return { fault: `unknown field ${show(value)}${expected}`, hint }
  })
}

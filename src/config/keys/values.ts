import { isLoopbackHost, parseHost, withoutRootDot } from '../../address.ts'
import { ipRangeForm, parseIpRange } from '../../ip-ranges.ts'
import { mustBe, show, textOf } from '../../schema.ts'
import type { Fault } from '../../schema.ts'
import { didYouMean } from '../../spelling.ts'
import { parseListenAddress, type ListenAddress } from '../../net/listen-address.ts'
import { z } from 'zod'

/** As `parseListenAddress`. */
export const listenAddress: z.ZodType<ListenAddress> = textOf(
  'an address to listen on such as :443 or 127.0.0.1:443',
  parseListenAddress,
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

/** An IP address or a CIDR range. */
export const ipRange = textOf(ipRangeForm, parseIpRange)

/** RFC 6265 §4.1.1: a cookie's name is a token. The prefix that browsers know is added to it later. */
export const cookieName = textOf('a cookie name such as postern, without a prefix', (value) =>
  /^(?!__(?:host|http|secure)-)[!#$%&'*+.^_`|~\w-]{1,64}$/i.test(value) ? value : undefined,
)

/** A scope of a sign-in: RFC 6749 §3.3. */
export const scope = textOf('a scope such as openid', (value) =>
  /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value) ? value : undefined,
)

/** What a sign-in is made of: whoever could change these could have it end elsewhere, or unchecked. */
const ownParams: readonly string[] = [
  'client_id',
  'client_secret',
  'code_challenge',
  'code_challenge_method',
  'nonce',
  'redirect_uri',
  'request',
  'request_uri',
  'response_mode',
  'response_type',
  'scope',
  'state',
]

/** Parameters of the question to a provider: a mapping, or a list of `NAME=VALUE`. */
export const requestParams = z.unknown().transform((input, context) => {
  const fail = (message: string, path: PropertyKey[] = []): typeof z.NEVER => {
    context.addIssue({ code: 'custom', message, path })
    return z.NEVER
  }
  const isMapping = typeof input === 'object' && input !== null
  if (!isMapping) return fail(mustBe('a mapping of text to text', input))
  const pairs: readonly (readonly [string, unknown])[] = Array.isArray(input)
    ? input.map((item) => splitPair(String(item)))
    : Object.entries(input)
  for (const [name, value] of pairs) {
    if (!/^[\w.-]+$/.test(name)) return fail(`${show(name)} is no name of a parameter`)
    if (ownParams.includes(name)) return fail(`"${name}" is set by the gateway itself`, [name])
    if (value === undefined) return fail(mustBe('NAME=VALUE', name))
    if (typeof value !== 'string') return fail(mustBe('text', value), [name])
  }
  return Object.fromEntries(pairs) as Readonly<Record<string, string>>
})

function splitPair(text: string): readonly [string, string | undefined] {
  const at = text.indexOf('=')
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

/** A host a sign-in may end at: a name or an address, no port and no wildcard. */
export const redirectHost = textOf('a host such as localhost, without a port', (value) => {
  return parseHost(value.includes(':') && !value.startsWith('[') ? `[${value}]` : value)
})

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

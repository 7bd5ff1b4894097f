import {
  bracketed,
  formatAuthority,
  isLoopbackHost,
  parseAuthority,
  parseHost,
  parsePort,
  type HostPort,
} from '../address.ts'
import { SystemError } from '../errors.ts'

/** Where the gateway is. */
export interface GatewayAddress extends HostPort {
  /** False for `http://`, which is accepted for a loopback host only. */
  readonly isTls: boolean
  /** `https://host` or `https://host:port`; the default port is left out, as in a `Host` header. */
  readonly origin: string
}

/** What to ask for, and whom. */
export interface Destination {
  /** `host:port`, as it goes into CONNECT. */
  readonly authority: string
  readonly gateway: GatewayAddress
}

const forms =
  'write "host:port", "tcp+https://host:port", or "https://gateway/host:port" for a gateway of another name'

/**
 * Parses a destination as people and Pomerium's documentation write it. The port is the route's; the
 * gateway is reached on 443 of the same host unless `gatewayUrl` or the extended form says otherwise.
 *
 * @throws SystemError `invalid-destination` or `invalid-gateway-url`
 */
export function parseDestination(text: string, gatewayUrl?: string): Destination {
  const match = /^(?:(?:tcp\+)?(https?):\/\/)?([^/?#@]+)(?:\/([^/?#]*)\/?)?$/i.exec(text.trim())
  const [, scheme, first = '', path = ''] = match ?? []
  if (match === null || (scheme === undefined && path !== '')) throw invalidDestination(text)
  const target = parseAuthority(path === '' ? first : decode(path))
  if (target === undefined) throw invalidDestination(text)
  const gateway =
    gatewayUrl === undefined
      ? parseGateway(text, scheme, path === '' ? bracketed(target.host) : first)
      : parseGatewayUrl(gatewayUrl)
  return { authority: formatAuthority(target), gateway }
}

/**
 * Parses the address of a gateway, such as `https://gateway.example.com:8443`.
 *
 * @throws SystemError `invalid-gateway-url`
 */
export function parseGatewayUrl(text: string): GatewayAddress {
  const match = /^(https?):\/\/([^/?#@]+)\/?$/i.exec(text.trim())
  if (match === null) throw invalidGateway(text)
  return parseGateway(text, match[1], match[2] ?? '')
}

/**
 * The same as people write it, `https://` being understood: `gateway.example.com`, `gateway.example.com:8443`.
 *
 * @throws SystemError `invalid-gateway-url`
 */
export function parseGatewayText(text: string): GatewayAddress {
  return parseGatewayUrl(withScheme(text.trim()))
}

/** `gate.example.com` is what people write for `https://gate.example.com`. */
export function withScheme(gateway: string): string {
  return gateway.includes('://') ? gateway : `https://${gateway}`
}

/** Whether a destination says itself which gateway is meant: the extended form, or one without TLS. */
export function namesGateway(destination: string): boolean {
  return /^(?:tcp\+)?(?:http:\/\/|https:\/\/[^/]+\/[^/])/i.test(destination.trim())
}

function parseGateway(text: string, scheme = 'https', hostAndPort: string): GatewayAddress {
  const isTls = scheme.toLowerCase() === 'https'
  const defaultPort = isTls ? 443 : 80
  const match = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(hostAndPort)
  const host = parseHost(match?.[1] ?? '')
  const port = match?.[2] === undefined ? defaultPort : parsePort(match[2])
  if (host === undefined || port === undefined) throw invalidGateway(text)
  if (!isTls && !isLoopbackHost(host)) {
    throw new SystemError(
      'invalid-gateway-url',
      `"${text}" would send the token and every byte unencrypted to "${host}"`,
      {
        hint: 'write "https://"; "http://" is accepted for this machine only (localhost, 127.0.0.1, [::1])',
      },
    )
  }
  const suffix = port === defaultPort ? '' : `:${port}`
  return { host, port, isTls, origin: `${scheme.toLowerCase()}://${bracketed(host)}${suffix}` }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return ''
  }
}

function invalidDestination(text: string): SystemError {
  const isUdp = /^udp\+/i.test(text)
  const what = isUdp ? 'is a UDP destination, and only TCP is tunnelled' : 'is not a destination'
  const hint =
    parseHost(text) === undefined
      ? forms
      : `the port is missing: write "${text}:PORT", the port of the route`
  return new SystemError('invalid-destination', `"${text}" ${what}`, { hint })
}

function invalidGateway(text: string): SystemError {
  return new SystemError('invalid-gateway-url', `"${text}" is not the address of a gateway`, {
    hint: 'write "https://host" or "https://host:port"',
  })
}

import { isLoopbackHost, parseAuthority, parseHost, type HostPort } from '../address.ts'
import { mustBe, show } from '../schema.ts'
import type { Fault } from '../schema.ts'
import { isConnector, parseConnector, type ParsedConnector } from './connector-to.ts'
import { hintOfTo } from './to-hint.ts'
import type { Upstream } from './upstream-way.ts'
import { withoutPassword } from './without-password.ts'

/** How a dialled upstream is spoken to: bytes as they are, or CONNECT to a next gateway. */
export type DialledScheme = 'tcp' | 'https' | 'http'

/** How a route's upstreams are reached: dialled, or through a connector, which has dialled the gateway. */
export type UpstreamScheme = DialledScheme | ParsedConnector['scheme']

/** One entry of a route's `to`. */
export type ParsedTo = ParsedUpstream | ParsedConnector

/**
 * One entry that is dialled. The host keeps the dot that it was written with: the resolver is then
 * asked for this very name, and tries no search domain. Weight undefined where none was written.
 */
export interface ParsedUpstream extends HostPort {
  readonly scheme: DialledScheme
  readonly weight: number | undefined
}

/** What one entry of `to` looks like, for messages. */
export const toForm =
  'tcp://HOST:PORT, or https://GATEWAY for a next gateway, or connector://NAME for a tunnel'

/**
 * Largest weight: sums of many stay exact, and it is Envoy's own bound on them (32 bits).
 *
 * @limit the weight of an upstream: the configuration does not load
 */
const maxWeight = 4_294_967_295

/**
 * Parses one entry of `to`: `tcp://HOST:PORT`, `https://GATEWAY` or `https://GATEWAY:PORT`, with
 * `,WEIGHT` behind it where upstreams have weights; or `connector://NAME`.
 */
export function parseTo(text: string): ParsedTo | Fault {
  const [, through] = /^connector:\/\/(.*)$/is.exec(text) ?? []
  return through === undefined ? parseUpstream(text) : parseConnector(text, through)
}

function parseUpstream(text: string): ParsedUpstream | Fault {
  const [, url = '', weightText] = /^([^,]*)(?:,(.*))?$/s.exec(text) ?? []
  const weight = weightText === undefined ? undefined : parseWeight(weightText)
  if (weightText !== undefined && weight === undefined) {
    return {
      fault: `weight of ${show(withoutPassword(text))} must be a whole number of 1 to ${maxWeight}`,
    }
  }
  const [, schemeText = '', authority = ''] = /^([^:/]*):\/\/(.*)$/s.exec(url) ?? []
  const scheme = schemeText.toLowerCase()
  if (scheme === 'udp')
    return { fault: `${show(withoutPassword(text))} is UDP, and Postern serves TCP only` }
  const address = isScheme(scheme) ? parseAddress(scheme, authority.replace(/\/$/, '')) : undefined
  if (!isScheme(scheme) || address === undefined) return notATo(text)
  if (scheme === 'http' && !isLoopbackHost(address.host)) {
    return {
      fault: `${show(withoutPassword(text))} must be https: http is for a gateway on this machine only`,
    }
  }
  return { ...address, scheme, weight }
}

/** Gives every upstream its weight: those written, or 1 for all. Some with and some without is a fault. */
export function weighUpstreams(parsed: readonly ParsedUpstream[]): readonly Upstream[] | Fault {
  const weighted = parsed.filter(({ weight }) => weight !== undefined).length
  if (weighted !== 0 && weighted !== parsed.length) {
    return { fault: 'must have a weight on every upstream, or on none' }
  }
  return parsed.map(({ host, port, weight }) => ({ host, port, weight: weight ?? 1 }))
}

/** The one scheme of all upstreams of a route. */
export function schemeOf(parsed: readonly ParsedTo[]): UpstreamScheme | Fault {
  const [scheme = 'tcp', ...others] = new Set(parsed.map((upstream) => upstream.scheme))
  const isThrough = parsed.some(isConnector)
  if (isThrough && others.length > 0) return { fault: 'cannot mix connector:// with other ways' }
  if (isThrough && parsed.length > 1) {
    return {
      fault: 'can name one connector:// only',
      hint: 'run several connectors of that one tunnel: they share its load, and stand in for each other',
    }
  }
  if (others.length === 0) return scheme
  // Pomerium's words (reference 3.1), where it has some.
  return [scheme, ...others].includes('tcp')
    ? { fault: 'cannot mix tcp and non-tcp To URLs' }
    : { fault: 'cannot mix http and https' }
}

const defaultPorts = { tcp: undefined, https: 443, http: 80 } as const

function isScheme(text: string): text is DialledScheme {
  return Object.hasOwn(defaultPorts, text)
}

function parseAddress(scheme: DialledScheme, authority: string): HostPort | undefined {
  const port = defaultPorts[scheme]
  const host = port === undefined ? undefined : parseHost(authority)
  const address =
    host === undefined || port === undefined ? parseAuthority(authority) : { host, port }
  const hasDot = /\.(?::\d+)?$/.test(authority)
  return address && hasDot ? { ...address, host: `${address.host}.` } : address
}

function parseWeight(text: string): number | undefined {
  const digits = text.trim()
  if (!/^[0-9]{1,10}$/.test(digits)) return undefined
  const weight = Number(digits)
  return weight >= 1 && weight <= maxWeight ? weight : undefined
}

function notATo(text: string): Fault {
  return { fault: mustBe(toForm, withoutPassword(text)), hint: hintOfTo(text) }
}

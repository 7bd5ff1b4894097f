import {
  formatAuthority,
  parseAuthority,
  parseHost,
  parsePort,
  withoutRootDot,
} from '../address.ts'
import type { HostPort } from '../address.ts'
import { mustBe, show } from '../schema.ts'
import type { Fault } from '../schema.ts'

/** What of a CONNECT authority a route answers to. */
export interface TargetPattern {
  /** Lower case; `*` stands for one or more characters. */
  readonly host: string
  /** Undefined for any port. */
  readonly port: number | undefined
}

/** A route's `from`, taken apart. */
export interface From {
  /** At least one; several only in the extended form. */
  readonly targets: readonly TargetPattern[]
  /** Where clients find the gateway, `host` or `host:port`; only in the extended form. */
  readonly gateway: string | undefined
}

const form = 'tcp+https://HOST:PORT'

/**
 * Longest `from`, in characters: what one line of a file or a page can still show.
 *
 * @limit the `from` of a route: the configuration does not load
 */
const maxFromChars = 4096

/**
 * Parses `tcp+https://HOST[:PORT]` or the extended `tcp+https://GATEWAY[:PORT]/DEST:PORT[/DEST:PORT…]`.
 * The URL class is not used: it would accept, and quietly rewrite, what no client can ask for.
 */
export function parseFrom(text: string): From | Fault {
  if (text.length > maxFromChars) return { fault: `must be at most ${maxFromChars} characters` }
  const [, scheme, rest] = /^([^:/]*):\/\/(.*)$/s.exec(text) ?? []
  if (scheme === undefined || rest === undefined) return notAFrom(text)
  const otherScheme = faultOfScheme(scheme.toLowerCase(), text)
  if (otherScheme !== undefined) return otherScheme
  if (/[@?#]/.test(rest)) {
    return {
      fault: `${show(text)} must be ${form} and nothing more: no user name, query or fragment`,
    }
  }
  const [authority = '', ...segments] = rest.split('/')
  // A lone slash at the end is what a browser's address bar adds.
  const isExtended = segments.length > 1 || (segments[0] ?? '') !== ''
  return isExtended ? parseExtended(text, authority, segments) : parseOne(text, authority)
}

function parseOne(text: string, authority: string): From | Fault {
  const target = parseTarget(authority)
  if (target === undefined) return notAFrom(text)
  return { targets: [target], gateway: undefined }
}

function parseExtended(text: string, authority: string, segments: readonly string[]): From | Fault {
  const gateway = parseTarget(authority)
  if (gateway === undefined || gateway.host.includes('*')) {
    return { fault: `${show(authority)} in ${show(text)} must be the gateway's host, or host:port` }
  }
  const targets: HostPort[] = []
  for (const segment of segments) {
    const target = parseAuthority(segment)
    if (target === undefined) {
      const why = segment.includes('*') ? ': a path takes no wildcard' : ''
      return { fault: `${show(segment)} in ${show(text)} must be host:port${why}` }
    }
    targets.push(target)
  }
  return { targets, gateway: formatTarget(gateway) }
}

function parseTarget(authority: string): TargetPattern | undefined {
  const [, hostText = '', portText] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(authority) ?? []
  const port = portText === undefined ? undefined : parsePort(portText)
  if (portText !== undefined && port === undefined) return undefined
  const host = hostText.includes('*') ? parseHostPattern(hostText) : parseHost(hostText)
  return host === undefined ? undefined : { host, port }
}

/** A pattern is one if it is a host name once each run of stars is a letter. */
function parseHostPattern(text: string): string | undefined {
  if (text.startsWith('[') || parseHost(text.replaceAll(/\*+/g, 'x')) === undefined)
    return undefined
  return withoutRootDot(text.replaceAll(/\*+/g, '*').toLowerCase())
}

/** Formats a target as people write it: the port is left out where any will do. */
export function formatTarget({ host, port }: TargetPattern): string {
  if (port !== undefined) return formatAuthority({ host, port })
  return host.includes(':') ? `[${host}]` : host
}

function faultOfScheme(scheme: string, text: string): Fault | undefined {
  if (scheme === 'tcp+https' || scheme === 'tcp+http') return undefined
  const rest = text.slice(scheme.length)
  if (scheme === 'https' || scheme === 'http') {
    return {
      fault: `${show(text)} is a web route, and Postern serves TCP only`,
      hint: `for a TCP service write tcp+https${rest}`,
    }
  }
  if (scheme === 'udp+https' || scheme === 'udp+http') {
    return {
      fault: `${show(text)} is a UDP route, which is not supported: Postern serves TCP only`,
    }
  }
  if (scheme === 'ssh') {
    return {
      fault: `${show(text)} is a native SSH route, which is not supported`,
      hint: `SSH works over ${form}, such as tcp+https${rest}:22`,
    }
  }
  return notAFrom(text)
}

function notAFrom(text: string): Fault {
  const bare = text.replace(/^[a-z+]+:\/\//i, '')
  const hint = parseTarget(bare) === undefined ? undefined : `write tcp+https://${bare}`
  return { fault: mustBe(form, text), hint: text === `tcp+https://${bare}` ? undefined : hint }
}

/** The hosts of a `from` that was read before, each once, perhaps with wildcards. */
export function hostsOf(from: string): readonly string[] {
  const parsed = parseFrom(from)
  if (!('targets' in parsed)) return []
  return [...new Set(parsed.targets.map(({ host }) => host.toLowerCase()))]
}

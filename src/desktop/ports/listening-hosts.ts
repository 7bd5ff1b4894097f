import { isIP, isIPv6 } from 'node:net'
import { canonicalIPv6, parsePort, unmapIPv4 } from '../../address.ts'

/** A TCP address that could not be listened on; `host` undefined means every address of the machine. */
export interface WantedPort {
  readonly host: string | undefined
  readonly port: number
}

/** Who listens where, as a system tells it. */
export interface Listening {
  /** An address in canonical form; `*` for all addresses of both families. */
  readonly host: string
  readonly port: number
}

const everywhere: ReadonlySet<string> = new Set(['*', '0.0.0.0', '::'])

/** Whether it is at all addresses of the machine. */
export function isEverywhere(host: string): boolean {
  return everywhere.has(host)
}

/**
 * Of those who listen, the one who keeps an address from being listened on: at that very address, or else at all of
 * them, IPv6's included, which are IPv4's as well where the system says nothing else.
 */
export function findInTheWay<T extends Listening>(
  all: Iterable<T>,
  wanted: WantedPort,
): T | undefined {
  const hosts = hostsInTheWay(wanted.host)
  let found: { readonly one: T; readonly rank: number } | undefined
  for (const one of all) {
    if (one.port !== wanted.port) continue
    const rank = hosts === undefined ? (isEverywhere(one.host) ? 0 : 1) : hosts.indexOf(one.host)
    if (rank >= 0 && (found === undefined || rank < found.rank)) found = { one, rank }
  }
  return found?.one
}

/** The nearest first; undefined where all are: a name's addresses are not looked up. */
function hostsInTheWay(host: string | undefined): readonly string[] | undefined {
  if (host === 'localhost') return ['127.0.0.1', '::1', '0.0.0.0', '*', '::']
  if (host === undefined || isEverywhere(host) || isIP(host) === 0) return undefined
  const plain = canonicalHost(host)
  return isIPv6(plain) ? [plain, '::', '*'] : [plain, '0.0.0.0', '*', '::']
}

/** One spelling of an address, without its zone. */
export function canonicalHost(address: string): string {
  const plain = unmapIPv4(address.replace(/%.*$/, ''))
  return isIPv6(plain) ? canonicalIPv6(plain) : plain
}

/** Parses `127.0.0.1:22`, `[::1]:22` and `*:22`, as tools write where somebody listens. */
export function parseListening(text: string): Listening | undefined {
  const [, bare = '', bracketed, port = ''] = /^(\[([^\]]+)\]|[^[\]:]+):(\d{1,5})$/.exec(text) ?? []
  const address = bracketed ?? bare
  const number = parsePort(port)
  if (number === undefined) return undefined
  if (address !== '*' && isIP(address.replace(/%.*$/, '')) === 0) return undefined
  return { host: address === '*' ? '*' : canonicalHost(address), port: number }
}

import type { HostPort } from '../../address.ts'
import { parseListenAddress, type LocalAddress } from '../../client/serve/listen-address.ts'

/** Where programs of this machine find a listener. */
export type LocalPlace =
  | { readonly kind: 'tcp'; readonly at: HostPort }
  | { readonly kind: 'unix'; readonly path: string }

/**
 * Where a listener on this address is found: by an IP address, since `localhost` is a Unix socket to some programs.
 * Undefined for what is no address, or has no port yet.
 */
export function localPlace(address: string): LocalPlace | undefined {
  const parsed = readLocalAddress(address)
  if (parsed?.kind === 'unix') return { kind: 'unix', path: parsed.path }
  if (parsed?.kind !== 'tcp' || parsed.port === 0) return undefined
  const { host, port } = parsed
  const isAny = host === undefined || anyHosts.has(host) || host === 'localhost'
  return { kind: 'tcp', at: { host: isAny ? '127.0.0.1' : host, port } }
}

const anyHosts: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** A local address as `parseListenAddress` reads it: Pomerium Desktop takes a port alone as well. */
export function writtenAddress(text: string): string {
  return /^\d+$/.test(text) ? `127.0.0.1:${text}` : text
}

/** As `checkConnection` takes one; undefined for what is none, and for `-`, which is for a command. */
export function readLocalAddress(text: string): LocalAddress | undefined {
  try {
    const address = parseListenAddress(writtenAddress(text))
    return address.kind === 'stdio' ? undefined : address
  } catch {
    return undefined
  }
}

import { domainToASCII } from 'node:url'
import { parseHost } from '../../address.ts'
import { show, type Fault } from '../../schema.ts'

/** Exact, or `*.` and what a name must end with; lower case, in the form of DNS (RFC 5891). */
export type HostnamePattern = string

/**
 * Parses a rule's `hostname`; `*` alone, and nothing, are the catch-all's and no pattern. Names beyond ASCII
 * are turned into what DNS holds, which is what the gateway asks for.
 */
export function parseHostname(text: string): HostnamePattern | Fault {
  if (/^[^[]*:\d+$/.test(text)) {
    return { fault: `must be a name without a port, not ${show(text)}` }
  }
  const isWildcard = text.startsWith('*.')
  const name = isWildcard ? text.slice(2) : text
  if (name.includes('*')) {
    return { fault: `may have one "*", at its start and before a dot, not ${show(text)}` }
  }
  const host = parseHost(domainToASCII(name))
  if (host === undefined) {
    return {
      fault: `must be a host name such as ssh.example.com or *.example.com, not ${show(text)}`,
    }
  }
  return isWildcard ? `*.${host}` : host
}

/** Whether a name, in lower case, fits; `*.example.com` fits at any depth, and not `example.com` itself. */
export function fitsHostname(pattern: HostnamePattern, hostname: string): boolean {
  return pattern.startsWith('*.') ? hostname.endsWith(pattern.slice(1)) : pattern === hostname
}

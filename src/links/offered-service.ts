import { parseAuthority, parseHost, type HostPort } from '../address.ts'
import type { OfferedService } from '../tunnel/connector/protocol.ts'

/** The service for a host name, in lower case. */
export function serviceFor(
  services: readonly OfferedService[],
  hostname: string,
): OfferedService | undefined {
  return services.find(({ hostname: pattern }) => pattern === undefined || fits(pattern, hostname))
}

/** Whether a service is TCP to this host and port. */
export function leadsTo(offered: OfferedService, { host, port }: HostPort): boolean {
  const target = targetOf(offered)
  return target?.host === host && target.port === port
}

/**
 * What a service dials, where that is TCP; undefined elsewhere. Only the scheme says so: others speak HTTP to
 * theirs.
 */
export function targetOf({ service }: OfferedService): HostPort | undefined {
  const [, scheme = '', authority = ''] = /^([a-z]+):\/\/([^/?#]+)$/i.exec(service) ?? []
  const port = tcpPorts[scheme.toLowerCase()]
  if (port === undefined) return undefined
  const host = parseHost(authority)
  return parseAuthority(authority) ?? (host === undefined ? undefined : { host, port })
}

/** Schemes whose services carry bytes, with the port that stands for each. */
const tcpPorts: Readonly<Record<string, number>> = { tcp: 7864, ssh: 22, rdp: 3389, smb: 445 }

/** A leading `*.` fits at any depth, and not the name without it. */
function fits(pattern: string, hostname: string): boolean {
  return pattern.startsWith('*.') ? hostname.endsWith(pattern.slice(1)) : pattern === hostname
}

import { isIP } from 'node:net'
import { isLoopbackHost, parseHost } from '../../address.ts'
import { headerText, type RequestHeaders } from '../../request-headers.ts'

/**
 * A year. Without `includeSubDomains`, which would be said for hosts that are not ours, and without
 * `preload`, which nobody takes back within months.
 */
const policy = { 'strict-transport-security': 'max-age=31536000' } as const

/**
 * The field by which a browser asks this host over HTTPS only from now on (RFC 6797 §6.1), for the host that
 * it has asked. None for an address, for which a browser ignores it (§8.1.1), and none for a loopback name:
 * it holds for every port of this machine, where others serve plain HTTP.
 *
 * Not for CONNECT, whose authority is a service and no host of ours.
 */
export function strictTransport(headers: RequestHeaders): Readonly<Record<string, string>> {
  const authority = headerText(headers, ':authority') ?? headers.host ?? ''
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(authority)?.[1]?.replace(/\.$/, '') ?? ''
  const host = parseHost(name)
  if (host === undefined || isIP(host) !== 0) return {}
  return isLoopbackHost(host) || host.endsWith('.localhost') ? {} : policy
}

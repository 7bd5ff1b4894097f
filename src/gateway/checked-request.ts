import type { TunnelRequest } from '../access/grant.ts'
import { parseAuthority } from '../address.ts'
import { AccessError, PeerError } from '../errors.ts'
import { gatewayPaths } from '../tunnel/paths.ts'
import type { ConnectRequest } from './connect-request.ts'

/**
 * Longest authority that is looked at: a host name of 253 octets, brackets, colon and port fit.
 *
 * @limit a target of CONNECT: 400 `malformed_request`
 */
const maxAuthorityLength = 300

/**
 * What a CONNECT asks for.
 *
 * @throws PeerError `malformed-request`; AccessError `origin-not-allowed` for a web page's request
 */
export function checkedRequest(request: ConnectRequest): TunnelRequest {
  if (request.fault !== undefined) throw malformed(request.fault, request)
  const { requestId, authority, headers } = request
  const target = authority.length > maxAuthorityLength ? undefined : parseAuthority(authority)
  if (target === undefined) {
    throw malformed(`"${authority.slice(0, maxAuthorityLength)}" is not a host and port`, request)
  }
  // Only browsers send it, and no page has a reason to open a tunnel.
  if (headers.origin !== undefined) {
    throw new AccessError('origin-not-allowed', 'a web page may not open a tunnel', {
      hint: 'use "postern tcp", which sends no "Origin" header',
    })
  }
  return { requestId, authority, via: headers.via, target: { protocol: 'tcp', ...target } }
}

function malformed(message: string, request: ConnectRequest): PeerError {
  return new PeerError('malformed-request', message, { hint: hintFor(request) })
}

function hintFor({ transport, atApplication }: ConnectRequest): string {
  if (atApplication === true) return 'open a WebSocket as RFC 6455 has it, with one "Host" header'
  return transport === 'websocket'
    ? `open a WebSocket at "${gatewayPaths.tunnel}host:port", as in "${gatewayPaths.tunnel}ssh.example.com:22"`
    : 'send "CONNECT host:port" with "Host: host:port", as in "CONNECT ssh.example.com:22"'
}

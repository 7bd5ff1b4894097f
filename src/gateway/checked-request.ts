import type { TunnelRequest } from '../access/grant.ts'
import { parseAuthority, type HostPort } from '../address.ts'
import { AccessError, PeerError } from '../errors.ts'
import { headerText } from '../request-headers.ts'
import { bastionTargetHeader } from '../tunnel/headers.ts'
import { gatewayPaths } from '../tunnel/paths.ts'
import type { ConnectRequest } from './connect-request.ts'

/**
 * Longest authority that is looked at: a host name of 253 octets, brackets, colon and port fit.
 *
 * @limit a target of CONNECT: 400 `malformed_request`
 */
export const maxAuthorityLength = 300

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
  const bastionTarget = bastionTargetOf(request)
  return {
    requestId,
    authority,
    via: headers.via,
    target: { protocol: 'tcp', ...target },
    ...(bastionTarget && { bastionTarget }),
  }
}

/** An empty field names nothing. */
function bastionTargetOf(request: ConnectRequest): HostPort | undefined {
  const text = headerText(request.headers, bastionTargetHeader)?.trim() ?? ''
  if (text === '') return undefined
  const target = text.length > maxAuthorityLength ? undefined : parseAuthority(text)
  if (target !== undefined) return target
  throw malformed(`"${bastionTargetHeader}" is not a host and port`, request)
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

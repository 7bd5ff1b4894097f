import type { IncomingMessage } from 'node:http'
import { hostOfAuthority } from '../address.ts'
import { isOwnPath } from '../tunnel/paths.ts'

/** A WebSocket upgrade, whatever it is for. */
export interface Upgrade {
  /** In lower case, without port or final dot. */
  readonly host: string
  readonly path: string
}

/**
 * The WebSocket upgrade that a request over HTTP/1.1 asks for; undefined for any other request, for one with a
 * body, and on paths that are the gateway's own. The host is the one of the target where that has one, whatever
 * `Host` says (RFC 9112 §3.2.2).
 */
export function upgradeOf({
  method,
  httpVersion,
  headers,
  url = '',
}: IncomingMessage): Upgrade | undefined {
  if (method !== 'GET' || httpVersion !== '1.1') return undefined
  if (headers.upgrade?.toLowerCase() !== 'websocket' || hasBody(headers)) return undefined
  const [, absolute, rest] = /^https?:\/\/([^/?#]*)(.*)$/is.exec(url) ?? []
  const path = rest ?? url
  const host = hostOfAuthority(absolute ?? headers.host ?? '')
  return host === undefined || isOwnPath(path) ? undefined : { host, path }
}

function hasBody(headers: IncomingMessage['headers']): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
}

const keyForm = /^[+/0-9A-Za-z]{22}==$/

/** What is wrong with a handshake, one sentence (RFC 6455 §4.2.1). */
export function handshakeFaultOf({
  headers,
  rawHeaders,
  url = '',
}: IncomingMessage): string | undefined {
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length
  if (hosts !== 1) return 'a request must have exactly one "Host" header'
  const [, absolute] = /^https?:\/\/([^/?#]*)/i.exec(url) ?? []
  if (absolute !== undefined && hostOfAuthority(absolute) !== hostOfAuthority(headers.host ?? '')) {
    return '"Host" must be the same as the host of the target'
  }
  if (headers['sec-websocket-version'] !== '13') {
    return '"Sec-WebSocket-Version" must be 13'
  }
  return keyForm.test(headers['sec-websocket-key'] ?? '')
    ? undefined
    : '"Sec-WebSocket-Key" must be 16 bytes as base64'
}

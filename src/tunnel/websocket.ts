// A tunnel over a WebSocket, for ways to the gateway that do not pass CONNECT.
//
//   GET /.postern/v1/tunnel/HOST:PORT    Upgrade: websocket, Sec-WebSocket-Protocol: postern-tunnel.v1
//
// - A binary message carries bytes, at most `maxMessageBytes` of them.
// - The text message `end` is the end of one direction; the other one goes on.
// - The text message `credit N` lets the other side send N more. A message costs its bytes and
//   `messageOverhead`; each side may begin with `initialCredit`. A WebSocket is one TCP connection:
//   whoever stopped reading it would not see a PING or a close either, and edges cut a connection that
//   stands still. So everybody always reads, and credit is what stops a sender.
// - After both ends a side sends a PING that says `done`, and closes with 1000 when it is answered: the
//   last bytes have arrived then. Whatever else ends it aborts the tunnel; a side that aborts on
//   purpose closes with 4000, a gateway that cuts it with 4001 and the reason (`cut.ts`).
//
// RFC 6455. No extensions: compressed bytes of several parties in one stream leak (CRIME, BREACH).
import type { IncomingMessage } from 'node:http'
import { PeerError } from '../errors.ts'
import { gatewayPaths } from './paths.ts'

/** The subprotocol both sides must name (RFC 6455 §1.9). */
export const tunnelProtocol = 'postern-tunnel.v1'

/**
 * Longest payload of one message, in bytes; a longer one breaks the protocol.
 *
 * @limit one message over a WebSocket: the tunnel is aborted
 */
export const maxMessageBytes = 64 * 1024

/** What each side may send before it has been given credit. */
export const initialCredit = 64 * 1024

/** What a message costs besides its bytes: many tiny ones take memory as well. */
export const messageOverhead = 128

/**
 * Most credit one side may hold.
 *
 * @limit credit of one side over a WebSocket, in bytes: the tunnel is aborted
 */
export const maxCredit = 64 * 1024 * 1024

/** Close codes: 1000 of RFC 6455 §7.4.1, and of those that §7.4.2 leaves to applications. */
export const closeCodes = { done: 1000, aborted: 4000, cut: 4001 } as const

/** What one message says. */
export type TunnelMessage =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'end' }
  | { readonly kind: 'credit'; readonly credit: number }

const endText = 'end'
const creditText = /^credit ([1-9][0-9]{0,8})$/
/**
 * Longest text message: `credit` and nine digits.
 *
 * @limit a control message over a WebSocket: the tunnel is aborted
 */
const maxTextLength = 16

/** The text message that ends one direction. */
export function encodeEnd(): string {
  return endText
}

/** The text message that gives credit, of 1 to `maxCredit`. */
export function encodeCredit(credit: number): string {
  return `credit ${credit}`
}

/**
 * Reads one message.
 *
 * @throws PeerError `malformed-message`
 */
export function decodeMessage(data: Buffer, isBinary: boolean): TunnelMessage {
  if (isBinary) return { kind: 'bytes', bytes: data }
  const text = data.length > maxTextLength ? '' : data.toString('latin1')
  if (text === endText) return { kind: 'end' }
  const credit = Number(creditText.exec(text)?.[1] ?? 0)
  if (credit > 0 && credit <= maxCredit) return { kind: 'credit', credit }
  throw new PeerError('malformed-message', 'a text message is neither "end" nor "credit N"')
}

/** What a message of so many bytes takes of its sender's credit. */
export function costOf(bytes: number): number {
  return bytes + messageOverhead
}

/** The path of a tunnel to `authority`. Brackets are escaped: RFC 3986 §3.3 has none in a path. */
export function formatTunnelPath(authority: string): string {
  return gatewayPaths.tunnel + encodeURIComponent(authority).replaceAll('%3A', ':')
}

/**
 * The authority that a request target names, decoded once and unchecked; undefined when the target is
 * no tunnel's path. Empty when it can be none: a query, a further segment, a broken escape.
 */
export function parseTunnelPath(target: string): string | undefined {
  if (!target.startsWith(gatewayPaths.tunnel)) return undefined
  const rest = target.slice(gatewayPaths.tunnel.length)
  if (/[/?#]/.test(rest)) return ''
  try {
    return decodeURIComponent(rest)
  } catch {
    return ''
  }
}

/** Whether a request asks for a tunnel over a WebSocket; every other one with `Upgrade` is ordinary. */
export function isTunnelUpgrade({ method, url = '', headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    parseTunnelPath(url) !== undefined &&
    headers['transfer-encoding'] === undefined &&
    Number(headers['content-length'] ?? 0) === 0
  )
}

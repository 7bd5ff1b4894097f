import type { ServerHttp2Session } from 'node:http2'
import { widenConnection } from '../../net/http2-windows.ts'
import type { WindowLimits } from '../../net/window-for.ts'

/**
 * Streams outside of tunnels that are under way at once: a page needs a handful. As long as a connection has
 * carried no tunnel it is allowed no more of any kind: Node makes objects of several KiB for each stream
 * that it lets in, and gives them back a turn later, whatever we say to it.
 *
 * @limit requests outside of tunnels under way on one HTTP/2 connection, and streams of any kind before
 * its first tunnel: the stream is refused, and may be asked for again
 */
export const maxPageStreams = 32
/**
 * @limit streams of one HTTP/2 connection that has carried a tunnel: the stream is refused; clients
 * open another connection
 */
const maxStreamsPerConnection = 250

/**
 * Credit of a whole connection: several streams of a fast client at full window. One that has carried no
 * tunnel keeps HTTP/2's own 65,535 bytes (RFC 9113 §6.9.2), which the forms of pages never need.
 *
 * @limit bytes of one HTTP/2 connection that nobody has read yet, of one without a tunnel 64 KiB: the
 * senders wait
 */
const connectionWindowBytes = 8 * 1024 * 1024

/**
 * @limit bytes of one HTTP/2 stream that nobody has read yet: the sender waits
 */
const maxWindowBytes = 1024 * 1024
/**
 * @limit bytes of the tunnels of one HTTP/2 connection that nobody has read yet, all together: every tunnel
 * gets less credit, down to 64 KiB, and its sender waits
 */
const maxUnreadBytes = 8 * 1024 * 1024

/** Credit of tunnels: HTTP/2's default of 64 KiB halves the throughput, and is enough where many are open. */
export const tunnelWindows: WindowLimits = {
  maxUnreadBytes,
  maxWindowBytes,
  minWindowBytes: 64 * 1024,
}

/**
 * Of clients on connections of their own each has its whole credit: a thousand whose service is slow would leave
 * a GiB unread.
 *
 * @limit bytes of the tunnels of all HTTP/2 connections that nobody has read yet, together: tunnels get less
 * credit, down to 16 KiB, and their senders wait
 */
const maxUnreadOfAllBytes = 48 * 1024 * 1024

/** Credit of the tunnels of all connections of the port. */
export const sharedTunnelWindows: WindowLimits = {
  maxUnreadBytes: maxUnreadOfAllBytes,
  maxWindowBytes,
  minWindowBytes: 16 * 1024,
}

/**
 * Twice what all may leave unread with the credit that they are given.
 *
 * @limit memory of small pieces of tunnels that nobody has read yet, of all HTTP/2 connections together: of the
 * connection that has most of them the tunnel with most is reset
 */
export const maxPiecesBytes = 96 * 1024 * 1024

const allowed = new WeakSet<ServerHttp2Session>()

/** Lets a connection have more streams and bytes under way, now that it carries a tunnel (RFC 9113 §6.5.2). */
export function allowTunnelStreams(session: ServerHttp2Session | undefined): void {
  if (session === undefined || session.destroyed || allowed.has(session)) return
  allowed.add(session)
  session.settings({ maxConcurrentStreams: maxStreamsPerConnection })
  widenConnection(session, connectionWindowBytes)
}

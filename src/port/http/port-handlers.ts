import type { IncomingMessage, ServerResponse } from 'node:http'
import type {
  Http2ServerRequest,
  Http2ServerResponse,
  IncomingHttpHeaders,
  ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Client } from '../../net/client.ts'
import type { Exchange, Peer } from '../peers/peer.ts'

/** A request for a page or an API, by either HTTP version. */
export type PageRequest = IncomingMessage | Http2ServerRequest
export type PageResponse = ServerResponse | Http2ServerResponse

/** Who serves what arrives on the port. */
export interface PortHandlers {
  /**
   * CONNECT over HTTP/1.1; `head` is what came after it. The socket is the handler's from here on.
   * Resolves when the tunnel is over, or was refused; so do the next two. None of them rejects.
   */
  connectHttp1(
    request: IncomingMessage,
    socket: TLSSocket,
    head: Buffer,
    client: Client,
  ): Promise<void>
  /** CONNECT over HTTP/2. The stream is the handler's from here on. */
  connectHttp2(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    client: Client,
  ): Promise<void>
  /** Whether a request over HTTP/1.1 with `Upgrade` is to be a tunnel; every other one is ordinary. */
  isTunnel(request: IncomingMessage): boolean
  /** A tunnel over a WebSocket: a handshake that `isTunnel` knows. As `connectHttp1`. */
  connectWebSocket(
    request: IncomingMessage,
    socket: TLSSocket,
    head: Buffer,
    client: Client,
  ): Promise<void>
  /**
   * Bytes that are not an HTTP/1.1 request, or a head that took too long or is too large; or a request that
   * came without TLS, whose socket is then a plain one.
   */
  malformedHttp1(error: Error, socket: Socket, client: Client): void
  /** A head over HTTP/2 that is too large. The stream is the handler's from here on. */
  oversizedHttp2(stream: ServerHttp2Stream, client: Client): void
  /** Every other request; the exchange is ended by who calls. */
  request(request: PageRequest, response: PageResponse, client: Client, exchange: Exchange): void
}

/** What an HTTP server of the port is made with. */
export interface HttpServerOptions {
  /** Connections with nothing under way are closed after this; 0 for never. */
  readonly idleTimeoutMs: number
  /** Time to send one request head; 0 for no limit. */
  readonly readTimeoutMs: number
  readonly handlers: PortHandlers
}

/**
 * Serves a CONNECT on a connection, which counts as one with a tunnel until `serve` has resolved; `then` is
 * called just before it stops counting as one. Never rejects unless `serve` does.
 */
export async function carryTunnel(
  peer: Peer,
  serve: () => Promise<void>,
  then: () => void = () => undefined,
): Promise<void> {
  using _carried = peer.carryTunnel()
  await serve()
  then()
}

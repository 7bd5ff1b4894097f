import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { keepAliveMs } from '../net/dial.ts'
import { endWithPeer } from '../net/http2-peer-end.ts'
import type { ClientAddresses } from './client-addresses.ts'
import { keepSessionAlive } from './http2-keepalive.ts'
import {
  isOversized,
  maxHeaderBytes,
  maxHeaderFields,
  type HttpServerOptions,
} from './port-handlers.ts'

/**
 * One stream may have this much under way unread; HTTP/2's default of 64 KiB halves the throughput.
 *
 * @limit bytes of one HTTP/2 stream that nobody has read yet: the sender waits
 */
const streamWindowBytes = 1024 * 1024
/**
 * Credit of a whole connection: several streams of a fast client at full window.
 *
 * @limit bytes of one HTTP/2 connection that nobody has read yet: the senders wait
 */
const connectionWindowBytes = 8 * 1024 * 1024
/**
 * @limit streams of one HTTP/2 connection: the stream is refused; clients open another
 * connection
 */
const maxStreamsPerConnection = 250
/** @limit memory of one HTTP/2 connection: its further streams are refused */
const maxSessionMemoryMib = 64

/** A stream whose connection is gone already. */
const nobody = {}

type StreamListener = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: string[],
) => void

export interface Http2ConnectionServer {
  /** Takes over a connection whose TLS handshake is done. */
  accept(socket: TLSSocket): void
  /** Tells every client to go, and lets streams finish. */
  close(): void
}

/** Makes the HTTP/2 server of the port. */
export function createHttp2Server(
  options: HttpServerOptions,
  clients: ClientAddresses,
): Http2ConnectionServer {
  const { idleTimeoutMs, handlers } = options
  const server = createServer({
    settings: {
      initialWindowSize: streamWindowBytes,
      maxConcurrentStreams: maxStreamsPerConnection,
      // Tells well-meaning clients; nothing below us holds the others to it.
      maxHeaderListSize: maxHeaderBytes,
    },
    maxHeaderListPairs: maxHeaderFields,
    maxSessionMemory: maxSessionMemoryMib,
  })
  server.on('request', (request, response) =>
    handlers.request(request, response, clients.get(request.stream.session?.socket ?? nobody)),
  )
  // The compatibility layer attached by 'request' would wrap every CONNECT in a request and a response;
  // an idle tunnel is cheaper without them.
  const compatibility = server.listeners('stream') as StreamListener[]
  server.removeAllListeners('stream')
  server.on('stream', (stream: ServerHttp2Stream, headers, flags, rawHeaders) => {
    const client = clients.get(stream.session?.socket ?? nobody)
    if (isOversized(rawHeaders)) handlers.oversizedHttp2(stream, client)
    else if (headers[':method'] === 'CONNECT') handlers.connectHttp2(stream, headers, client)
    else for (const listener of compatibility) listener(stream, headers, flags, rawHeaders)
  })
  server.on('sessionError', () => undefined)
  return {
    accept(socket) {
      // Emitted before `emit` returns; the session itself gives no hold of its connection.
      server.once('session', (session) => {
        clients.setCertificate(session.socket, clients.get(socket).clientCertificate)
        session.setLocalWindowSize(connectionWindowBytes)
        session.on('stream', endWithPeer(session, socket))
        keepSessionAlive(session, socket, { intervalMs: keepAliveMs, idleTimeoutMs })
      })
      server.emit('connection', socket)
    },
    close: () => server.close(),
  }
}

import * as http from 'node:http'
import * as http2 from 'node:http2'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import * as tls from 'node:tls'
import { keepAliveMs } from '../net/dial.ts'
import { readProxyHeader } from '../net/proxy-header.ts'
import { createClientAddresses, type ClientAddresses } from './client-addresses.ts'
import type { Certificate, ListenAddress } from './config/config.ts'
import { keepSessionAlive } from './http2-keepalive.ts'
import { listenError } from './listen-error.ts'
import type { TlsContexts } from './tls-contexts.ts'

/** Who serves what arrives on the port. */
export interface PortHandlers {
  /** CONNECT over HTTP/1.1; `head` is what came after it. The socket is the handler's from here on. */
  connectHttp1(request: http.IncomingMessage, socket: tls.TLSSocket, head: Buffer): void
  /** CONNECT over HTTP/2. The stream is the handler's from here on. */
  connectHttp2(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void
  /** Bytes that are no HTTP/1.1 request. */
  malformedHttp1(error: Error, socket: tls.TLSSocket): void
  /** Every other request. */
  request(request: http.IncomingMessage, response: http.ServerResponse): void
  requestHttp2(request: http2.Http2ServerRequest, response: http2.Http2ServerResponse): void
}

export interface PortOptions {
  readonly address: ListenAddress
  readonly contexts: TlsContexts
  /** Every connection must begin with a PROXY header, or it is closed without an answer. */
  readonly useProxyProtocol: boolean
  /** Connections with nothing under way are closed after this; 0 for never. */
  readonly idleTimeoutMs: number
  /** Time to send one request head; 0 for no limit. */
  readonly readTimeoutMs: number
  readonly handlers: PortHandlers
}

export interface Port {
  /** Where it listens, with the port the system chose. */
  readonly address: AddressInfo
  readonly clients: ClientAddresses
  /** New connections get these; those that are open keep theirs. */
  replaceCertificates(certificates: readonly Certificate[]): void
  /** Frees the port and lets go of connections without anything under way. */
  stopAccepting(): void
  /** Ends every connection that is still there. */
  destroy(): void
}

/** Time for a TLS handshake, the PROXY header before it included. */
const handshakeTimeoutMs = 15_000
const maxHeaderBytes = 32 * 1024
const maxHeaderFields = 200

/** One stream may have this much under way unread; HTTP/2's default of 64 KiB halves the throughput. */
const streamWindowBytes = 1024 * 1024
/** Credit of a whole connection: several streams of a fast client at full window. */
const connectionWindowBytes = 8 * 1024 * 1024
const maxStreamsPerConnection = 1_000

/**
 * Listens on the one port: PROXY header, TLS, then HTTP/1.1 or HTTP/2 by ALPN. The HTTP servers get
 * their connections by `emit('connection')` and never listen.
 *
 * @throws SystemError `address-in-use`, `address-not-allowed` or `cannot-listen`
 */
export async function openPort(options: PortOptions): Promise<Port> {
  const sockets = new Set<Socket>()
  const clients = createClientAddresses()
  const http1 = createHttp1(options)
  const secondVersion = createHttp2(options)
  const secure = tls.createServer({
    ...options.contexts.base,
    SNICallback: options.contexts.select,
    ALPNProtocols: ['h2', 'http/1.1'],
    handshakeTimeout: handshakeTimeoutMs,
  })
  secure.on('secureConnection', (socket) => {
    const server = socket.alpnProtocol === 'h2' ? secondVersion : http1
    server.emit('connection', socket)
  })
  // A failed handshake is the other side's business; the socket is destroyed by Node.
  secure.on('tlsClientError', () => undefined)

  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.setKeepAlive(true, keepAliveMs)
    void admit(socket, options, clients).then((isAdmitted) => {
      if (isAdmitted) secure.emit('connection', socket)
      else socket.destroy()
    })
  })
  await listen(listener, options.address)
  return {
    address: listener.address() as AddressInfo,
    clients,
    replaceCertificates(certificates) {
      options.contexts.replace(certificates)
      secure.setSecureContext(options.contexts.base)
    },
    stopAccepting() {
      listener.close()
      http1.close()
      secondVersion.close()
    },
    destroy() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function admit(
  socket: Socket,
  options: PortOptions,
  clients: ClientAddresses,
): Promise<boolean> {
  if (!options.useProxyProtocol) return true
  const header = await readProxyHeader(socket, handshakeTimeoutMs)
  if (header === undefined) return false
  if (header.source !== undefined) clients.set(socket, header.source.host)
  return true
}

function createHttp1({ idleTimeoutMs, readTimeoutMs, handlers }: PortOptions): http.Server {
  const server = http.createServer({
    maxHeaderSize: maxHeaderBytes,
    keepAliveTimeout: idleTimeoutMs,
    headersTimeout: readTimeoutMs,
    requestTimeout: readTimeoutMs,
    requireHostHeader: false,
    insecureHTTPParser: false,
  })
  server.maxHeadersCount = maxHeaderFields
  server.on('connect', (request, socket, head) =>
    handlers.connectHttp1(request, socket as tls.TLSSocket, head),
  )
  server.on('request', handlers.request)
  server.on('clientError', (error, socket) =>
    handlers.malformedHttp1(error, socket as unknown as tls.TLSSocket),
  )
  // It never listens by itself: without this event its head timeouts are not checked.
  server.emit('listening')
  return server
}

type StreamListener = (
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
  flags: number,
  rawHeaders: string[],
) => void

function createHttp2({ idleTimeoutMs, handlers }: PortOptions): http2.Http2Server {
  const server = http2.createServer({
    settings: {
      initialWindowSize: streamWindowBytes,
      maxConcurrentStreams: maxStreamsPerConnection,
    },
    maxHeaderListPairs: maxHeaderFields,
    maxSessionMemory: 64,
  })
  server.on('session', (session) => {
    session.setLocalWindowSize(connectionWindowBytes)
    keepSessionAlive(session, { intervalMs: keepAliveMs, idleTimeoutMs })
  })
  server.on('request', handlers.requestHttp2)
  // The compatibility layer attached by 'request' would wrap every CONNECT in a request and a response;
  // an idle tunnel is cheaper without them.
  const compatibility = server.listeners('stream') as StreamListener[]
  server.removeAllListeners('stream')
  server.on('stream', (stream: http2.ServerHttp2Stream, headers, flags, rawHeaders) => {
    if (headers[':method'] === 'CONNECT') handlers.connectHttp2(stream, headers)
    else for (const listener of compatibility) listener(stream, headers, flags, rawHeaders)
  })
  server.on('sessionError', () => undefined)
  return server
}

function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, `${host ?? ''}:${port}`)))
    server.listen(host === undefined ? { port } : { host, port }, resolve)
  })
}

import * as http from 'node:http'
import * as http2 from 'node:http2'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import * as tls from 'node:tls'
import { keepAliveMs } from '../net/dial.ts'
import { endWithPeer } from '../net/http2-peer-end.ts'
import { readProxyHeader } from '../net/proxy-header.ts'
import { createClientAddresses, type ClientAddresses } from './client-addresses.ts'
import type { Certificate, ListenAddress } from './config/config.ts'
import { keepSessionAlive } from './http2-keepalive.ts'
import type { PageRequest, PageResponse } from './http-request.ts'
import { listenError } from './listen-error.ts'
import type { TlsContexts } from './tls-contexts.ts'

/** Who serves what arrives on the port; `ip` is the client's address. */
export interface PortHandlers {
  /** CONNECT over HTTP/1.1; `head` is what came after it. The socket is the handler's from here on. */
  connectHttp1(request: http.IncomingMessage, socket: tls.TLSSocket, head: Buffer, ip: string): void
  /** CONNECT over HTTP/2. The stream is the handler's from here on. */
  connectHttp2(
    stream: http2.ServerHttp2Stream,
    headers: http2.IncomingHttpHeaders,
    ip: string,
  ): void
  /** Bytes that are no HTTP/1.1 request, or a head that took too long. */
  malformedHttp1(error: Error, socket: tls.TLSSocket, ip: string): void
  /** Every other request. */
  request(request: PageRequest, response: PageResponse, ip: string): void
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
  /** New connections get these; those that are open keep theirs. */
  replaceCertificates(certificates: readonly Certificate[]): void
  /** Frees the port and lets go of connections without anything under way. */
  stopAccepting(): void
  /** Resolves once no connection is left; to be asked after `stopAccepting`. */
  emptied(): Promise<void>
  /** Ends every connection that is still there. */
  destroy(): void
}

/** A stream whose connection is gone already. */
const nobody = { remoteAddress: undefined, remotePort: undefined }

/** Time for a TLS handshake, the PROXY header before it included. */
const handshakeTimeoutMs = 15_000
/** How often heads under way are checked against their time. */
const headCheckMs = 1_000
const maxHeaderBytes = 32 * 1024
const maxHeaderFields = 200

/** One stream may have this much under way unread; HTTP/2's default of 64 KiB halves the throughput. */
const streamWindowBytes = 1024 * 1024
/** Credit of a whole connection: several streams of a fast client at full window. */
const connectionWindowBytes = 8 * 1024 * 1024
const maxStreamsPerConnection = 250

/**
 * Listens on the one port: PROXY header, TLS, then HTTP/1.1 or HTTP/2 by ALPN. The HTTP servers get
 * their connections by `emit('connection')` and never listen.
 *
 * @throws SystemError `address-in-use`, `address-not-allowed` or `cannot-listen`
 */
export async function openPort(options: PortOptions): Promise<Port> {
  const sockets = new Set<Socket>()
  const { promise: emptied, resolve: onEmptied } = Promise.withResolvers<void>()
  const clients = createClientAddresses()
  const http1 = createHttp1(options, clients)
  const secondVersion = createHttp2(options, clients)
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
    socket.on('close', () => {
      sockets.delete(socket)
      if (sockets.size === 0 && !listener.listening) onEmptied()
    })
    socket.setKeepAlive(true, keepAliveMs)
    void admit(socket, options, clients).then((isAdmitted) => {
      if (isAdmitted) secure.emit('connection', socket)
      else socket.destroy()
    })
  })
  await listen(listener, options.address)
  return {
    address: listener.address() as AddressInfo,
    replaceCertificates(certificates) {
      options.contexts.replace(certificates)
      secure.setSecureContext(options.contexts.base)
    },
    stopAccepting() {
      listener.close()
      http1.close()
      secondVersion.close()
      if (sockets.size === 0) onEmptied()
    },
    emptied: () => emptied,
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

function createHttp1(options: PortOptions, clients: ClientAddresses): http.Server {
  const { idleTimeoutMs, readTimeoutMs, handlers } = options
  const server = http.createServer({
    maxHeaderSize: maxHeaderBytes,
    keepAliveTimeout: idleTimeoutMs,
    headersTimeout: readTimeoutMs,
    requestTimeout: readTimeoutMs,
    connectionsCheckingInterval: headCheckMs,
    requireHostHeader: false,
    insecureHTTPParser: false,
  })
  server.maxHeadersCount = maxHeaderFields
  server.on('connect', (request, socket, head) =>
    handlers.connectHttp1(request, socket as tls.TLSSocket, head, clients.get(request.socket)),
  )
  server.on('request', (request, response) =>
    handlers.request(request, response, clients.get(request.socket)),
  )
  server.on('clientError', (error, duplex) => {
    const socket = duplex as tls.TLSSocket
    handlers.malformedHttp1(error, socket, clients.get(socket))
  })
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

function createHttp2(options: PortOptions, clients: ClientAddresses): http2.Http2Server {
  const { idleTimeoutMs, handlers } = options
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
    session.on('stream', endWithPeer(session, session.socket))
    keepSessionAlive(session, { intervalMs: keepAliveMs, idleTimeoutMs })
  })
  server.on('request', (request, response) =>
    handlers.request(request, response, clients.get(request.stream.session?.socket ?? nobody)),
  )
  // The compatibility layer attached by 'request' would wrap every CONNECT in a request and a response;
  // an idle tunnel is cheaper without them.
  const compatibility = server.listeners('stream') as StreamListener[]
  server.removeAllListeners('stream')
  server.on('stream', (stream: http2.ServerHttp2Stream, headers, flags, rawHeaders) => {
    if (headers[':method'] === 'CONNECT')
      handlers.connectHttp2(stream, headers, clients.get(stream.session?.socket ?? nobody))
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

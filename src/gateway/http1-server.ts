import { createServer, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { ClientAddresses } from './client-addresses.ts'
import type { PageResponse } from './http-request.ts'
import { maxHeaderFields, type HttpServerOptions } from './port-handlers.ts'

/** How often heads under way are checked against their time. */
const headCheckMs = 1_000
const maxHeaderBytes = 32 * 1024

/** Makes the HTTP/1.1 server of the port; its connections come by `emit('connection')`. */
export function createHttp1Server(options: HttpServerOptions, clients: ClientAddresses): Server {
  const { idleTimeoutMs, readTimeoutMs, handlers } = options
  const server = createServer({
    maxHeaderSize: maxHeaderBytes,
    keepAliveTimeout: idleTimeoutMs,
    headersTimeout: readTimeoutMs,
    requestTimeout: readTimeoutMs,
    connectionsCheckingInterval: headCheckMs,
    requireHostHeader: false,
    insecureHTTPParser: false,
  })
  server.maxHeadersCount = maxHeaderFields
  const answering = createAnswerCount()
  server.on('connect', (request, socket, head) => {
    // A page that is still being answered would be written into the tunnel.
    if (answering.has(socket)) socket.destroy()
    else handlers.connectHttp1(request, socket as TLSSocket, head, clients.get(request.socket))
  })
  server.on('request', (request, response) => {
    answering.add(request.socket, response)
    handlers.request(request, response, clients.get(request.socket))
  })
  const broken = new WeakSet<Duplex>()
  server.on('clientError', (error, socket) => {
    // Every further piece of the same mess would be reported again.
    if (broken.has(socket)) return
    broken.add(socket)
    handlers.malformedHttp1(error, socket as TLSSocket, clients.get(socket as TLSSocket))
  })
  // It never listens by itself: without this event its head timeouts are not checked.
  server.emit('listening')
  return server
}

/** Which connections have an answer under way: with pipelining there may be several. */
function createAnswerCount(): {
  add(socket: Duplex, response: PageResponse): void
  has(socket: Duplex): boolean
} {
  const counts = new WeakMap<Duplex, number>()
  const change = (socket: Duplex, by: number): void => {
    counts.set(socket, (counts.get(socket) ?? 0) + by)
  }
  return {
    add(socket, response) {
      change(socket, 1)
      let isCounted = true
      const done = (): void => {
        if (isCounted) change(socket, -1)
        isCounted = false
      }
      response.on('finish', done).on('close', done)
    },
    has: (socket) => (counts.get(socket) ?? 0) > 0,
  }
}

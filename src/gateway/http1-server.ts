import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { ClientAddresses } from './client-addresses.ts'
import { isTunnelUpgrade } from './connect-websocket.ts'
import type { PageResponse } from './http-request.ts'
import {
  isOversized,
  maxHeaderBytes,
  maxHeaderFields,
  type HttpServerOptions,
} from './port-handlers.ts'

/** How often heads under way are checked against their time. */
const headCheckMs = 1_000

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
    shouldUpgradeCallback: isTunnelUpgrade,
  })
  // Node drops what goes beyond in silence; one more than we take shows that there was more.
  server.maxHeadersCount = maxHeaderFields + 1
  const answering = createAnswerCount()
  const refuseOversized = ({ rawHeaders, socket }: IncomingMessage): boolean => {
    if (!isOversized(rawHeaders)) return false
    handlers.malformedHttp1(tooManyFields, socket as TLSSocket, clients.get(socket))
    return true
  }
  server.on('connect', (request, socket, head) => {
    if (refuseOversized(request)) return
    // A page that is still being answered would be written into the tunnel.
    if (answering.has(socket)) socket.destroy()
    else handlers.connectHttp1(request, socket as TLSSocket, head, clients.get(request.socket))
  })
  server.on('upgrade', (request, socket, head) => {
    if (refuseOversized(request)) return
    const client = clients.get(request.socket)
    if (answering.has(socket)) socket.destroy()
    else if (isTunnelUpgrade(request)) {
      handlers.connectWebSocket(request, socket as TLSSocket, head, client)
    } else {
      // Only a Node.js before 24.9, which does not ask `shouldUpgradeCallback`.
      handlers.malformedHttp1(new Error('an upgrade to nothing'), socket as TLSSocket, client)
    }
  })
  server.on('request', (request, response) => {
    if (refuseOversized(request)) return
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

/** As Node's own error for a head of too many bytes. */
const tooManyFields = Object.assign(new Error(`more than ${maxHeaderFields} fields`), {
  code: 'HPE_HEADER_OVERFLOW',
})

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

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { systemClock } from '../../clock.ts'
import { isBun } from '../../is-bun.ts'
import { watchDeadlines } from '../../net/http1-deadlines.ts'
import { lingerOnClose } from '../../net/linger.ts'
import {
  answerHalfClosed,
  checkDeadlinesUnlistened,
  headTooLarge,
  headTooSlow,
} from '../../net/runtime.ts'
import type { ClientAddresses } from '../peers/client-addresses.ts'
import { createPipeline } from './pipeline.ts'
import type { Peers } from '../peers/peers.ts'
import type { PortProtocol } from '../peers/port-protocol.ts'
import { isOversized, maxHeaderBytes, maxHeaderFields } from './heads.ts'
import { carryTunnel, type HttpServerOptions } from './port-handlers.ts'

/** How often connections are checked against their deadlines, in milliseconds. */
const deadlineCheckMs = 1_000

/** Makes the HTTP/1.1 server of the port; its connections come by `emit('connection')`. */
export function createHttp1Server(
  options: HttpServerOptions,
  clients: ClientAddresses,
  peers: Peers,
): PortProtocol {
  const { idleTimeoutMs, readTimeoutMs, handlers } = options
  const server = createServer({
    maxHeaderSize: maxHeaderBytes,
    keepAliveTimeout: idleTimeoutMs,
    headersTimeout: readTimeoutMs,
    // Bodies have a bound of progress, as answers do.
    requestTimeout: 0,
    connectionsCheckingInterval: deadlineCheckMs,
    requireHostHeader: false,
    insecureHTTPParser: false,
    shouldUpgradeCallback: (request) => handlers.isTunnel(request),
  })
  // Node silently drops fields beyond its limit; with a limit of one more than we accept we see that there
  // were too many.
  server.maxHeadersCount = maxHeaderFields + 1
  lingerOnClose(server)
  answerHalfClosed(server)
  const pipeline = createPipeline((request, response, exchange) =>
    handlers.request(request, response, clients.get(request.socket), exchange),
  )
  // Node's own hold where Node is.
  const deadlines = isBun
    ? watchDeadlines({
        clock: systemClock,
        headMs: readTimeoutMs,
        idleMs: idleTimeoutMs,
        lookMs: deadlineCheckMs,
        isBusy: pipeline.isBusy,
        onLate: (socket) => refuse(headTooSlow('its head did not come in time'), socket),
        onIdle: (socket) => socket.destroy(),
      })
    : undefined
  const refuseOversized = ({ rawHeaders, socket }: IncomingMessage): boolean => {
    if (!isOversized(rawHeaders)) return false
    deadlines?.end(socket)
    handlers.malformedHttp1(tooManyFields, socket, clients.get(socket))
    return true
  }
  const carry = (socket: Duplex, serve: () => Promise<void>): void => {
    deadlines?.end(socket)
    const peer = peers.of(socket as TLSSocket)
    // The answer to an earlier request for a page would be written into the tunnel.
    if (peer === undefined || pipeline.isBusy(socket)) socket.destroy()
    else void carryTunnel(peer, serve)
  }
  server.on('connect', (request, socket, head) => {
    if (refuseOversized(request)) return
    const client = clients.get(request.socket)
    carry(socket, () => handlers.connectHttp1(request, socket as TLSSocket, head, client))
  })
  server.on('upgrade', (request, socket, head) => {
    if (refuseOversized(request)) return
    const client = clients.get(request.socket)
    if (handlers.isTunnel(request)) {
      carry(socket, () => handlers.connectWebSocket(request, socket as TLSSocket, head, client))
    } else {
      // Only a Node.js before 24.9, which does not ask `shouldUpgradeCallback`.
      handlers.malformedHttp1(new Error('an upgrade to nothing'), socket as TLSSocket, client)
    }
  })
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    if (refuseOversized(request)) return
    deadlines?.arrived(request)
    const peer = peers.of(request.socket)
    if (peer !== undefined) pipeline.add(request, response, peer)
  }
  server.on('request', take)
  // An expectation that nobody knows need not be met (RFC 9110 §10.1.1). By itself Node answers 417, at
  // once and to every request of a chunk, whoever reads it.
  server.on('checkExpectation', take)
  const broken = new WeakSet<Duplex>()
  const refuse = (error: Error, socket: Socket): void => {
    // Node would report every further piece of the same malformed bytes again.
    if (broken.has(socket)) return
    broken.add(socket)
    deadlines?.end(socket)
    handlers.malformedHttp1(error, socket, clients.get(socket))
  }
  server.on('clientError', (error, socket) => refuse(error, socket as TLSSocket))
  checkDeadlinesUnlistened(server)
  return {
    name: 'http/1.1',
    serve(socket) {
      deadlines?.begin(socket)
      server.emit('connection', socket)
    },
    stopAccepting: () => void server.close(),
  }
}

const tooManyFields = headTooLarge(`more than ${maxHeaderFields} fields`)

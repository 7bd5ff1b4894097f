import {
  constants,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type Http2Session,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import { systemClock } from '../../clock.ts'
import type { Client } from '../../net/client.ts'
import { endWithPeer } from '../../net/http2-peer-end.ts'
import { resetInOrder } from '../../net/linger.ts'
import { holdable, moveWindows, type Windows } from '../../net/http2-windows.ts'
import { limitSmallPieces, maxSmallPiecesOfBody } from '../../net/small-pieces.ts'
import { onArrival, takeRequestMaking } from '../../net/runtime.ts'
import { resetUnanswered } from '../../net/runtime-http2.ts'
import { connectMethod } from '../../net/target.ts'
import { createUnreadPool } from '../../net/unread-pool.ts'
import { limitWaiting } from '../../net/waiting-limit.ts'
import { pingIntervalMs } from '../../net/http2-ping.ts'
import { encodeGoAway } from '../../tunnel/cut.ts'
import type { ClientAddresses } from '../peers/client-addresses.ts'
import { keepSessionAlive } from './http2-keepalive.ts'
import {
  maxPageStreams,
  maxPiecesBytes,
  sharedTunnelWindows,
  tunnelWindows,
} from './http2-streams.ts'
import { createFloodWatch, type FloodMeter } from '../../net/http2-flood.ts'
import { beyondBytesByMemory } from '../peers/memory.ts'
import type { Exchange, Peer } from '../peers/peer.ts'
import type { PortProtocol } from '../peers/port-protocol.ts'
import { headBytes, isOversized, maxHeaderBytes, maxHeaderFields } from './heads.ts'
import { carryTunnel, type HttpServerOptions } from './port-handlers.ts'

/** @limit memory of one HTTP/2 connection: its further streams are refused */
const maxSessionMemoryMib = 64

/** Makes the HTTP/2 server of the port; it never listens. */
export function createHttp2Server(
  options: HttpServerOptions,
  clients: ClientAddresses,
): PortProtocol {
  const { idleTimeoutMs, handlers } = options
  const floods = createFloodWatch()
  const pool = createUnreadPool({ limits: sharedTunnelWindows, clock: systemClock })
  const pieces = limitWaiting(maxPiecesBytes)
  const beyond = limitWaiting(beyondBytesByMemory())
  const connections = new WeakMap<Http2Session, Connection>()
  const exchanges = new WeakMap<ServerHttp2Stream, Exchange>()
  const server = createServer({
    settings: {
      initialWindowSize: holdable(tunnelWindows).startWindowBytes,
      maxConcurrentStreams: maxPageStreams,
      // Tells well-meaning clients; nothing below us holds the others to it.
      maxHeaderListSize: maxHeaderBytes,
    },
    maxHeaderListPairs: maxHeaderFields,
    maxSessionMemory: maxSessionMemoryMib,
  })
  const take = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    const { stream } = request
    const exchange = exchanges.get(stream)
    const connection = stream.session && connections.get(stream.session)
    if (connection === undefined || exchange === undefined) stream.destroy()
    else handlers.request(request, response, connection.client, exchange)
  }
  server.on('request', take)
  // As over HTTP/1.1; Node's own 417 would be in no log.
  server.on('checkExpectation', take)
  const makeRequest = takeRequestMaking(server)
  server.on('stream', (stream: ServerHttp2Stream, headers, flags, rawHeaders) => {
    const connection = stream.session && connections.get(stream.session)
    if (connection === undefined) {
      stream.destroy()
      return
    }
    const { client, peer, flood } = connection
    flood.received(headBytes(rawHeaders))
    if (headers[':method'] === connectMethod && !isOversized(rawHeaders)) {
      serveTunnel(stream, connection, () => handlers.connectHttp2(stream, headers, client))
    } else if (peer.exchanges >= maxPageStreams) refuse(stream)
    else {
      exchanges.set(stream, beginExchange(stream, rawHeaders, connection))
      if (isOversized(rawHeaders)) handlers.oversizedHttp2(stream, client)
      else makeRequest(stream, headers, flags, rawHeaders)
    }
  })
  server.on('sessionError', () => undefined)
  const sessions = new Set<ServerHttp2Session>()
  return {
    name: 'h2',
    serve(socket, peer) {
      // Emitted before `emit` returns; the session itself gives no hold of its connection.
      server.once('session', (session) => {
        const flood = floods.begin(socket, () => peer.close('flood'))
        const windows = moveWindows(session, {
          limits: tunnelWindows,
          clock: systemClock,
          pool,
          pieces,
          beyond,
        })
        connections.set(session, { client: clients.get(socket), peer, flood, windows })
        peer.destroyWith(session)
        awaitPreface(session, peer)
        session.on('stream', endWithPeer(session, socket))
        sessions.add(session)
        session.once('close', () => sessions.delete(session))
        keepSessionAlive(session, socket, { intervalMs: pingIntervalMs, idleTimeoutMs })
      })
      server.emit('connection', socket)
    },
    // Tells every client to go, and lets streams finish.
    stopAccepting: () => server.close(),
    announceCut(code) {
      const data = encodeGoAway(code)
      for (const session of sessions) {
        // 0: the last stream that was begun, whichever that is.
        if (!session.destroyed) session.goaway(constants.NGHTTP2_NO_ERROR, 0, data)
      }
    },
  }
}

interface Connection {
  /** Asked once: a socket that is gone no longer tells its addresses, and its last streams may still come. */
  readonly client: Client
  readonly peer: Peer
  readonly flood: FloodMeter
  readonly windows: Windows
}

/** An exchange that only waits for its peer, and holds no bytes of a request. */
const peersTurn = { requestBytes: () => 0, isPeersTurn: () => true }

/** The preface of a connection has the same deadline of progress as the body of a request. */
function awaitPreface(session: ServerHttp2Session, peer: Peer): void {
  const reset = (): void => session.destroy()
  const preface = peer.beginExchange({ ...peersTurn, reset })
  session.once('remoteSettings', preface.end).once('close', preface.end)
}

function serveTunnel(
  stream: ServerHttp2Stream,
  { peer, flood, windows }: Connection,
  serve: () => Promise<void>,
): void {
  windows.makeRoom()
  windows.add(stream)
  onArrival(stream, { onBytes: flood.received })
  stream.once('close', () => {
    // Its client may have filled the window before it heard of a cut.
    if (stream.sentHeaders?.[':status'] === 200) flood.over(tunnelWindows.maxWindowBytes)
  })
  void carryTunnel(peer, serve, () => {
    if (stream.destroyed) return
    // A refusal that the client does not read counts as an unread answer like any other.
    const exchange = peer.beginExchange({ ...peersTurn, reset: reset(stream) })
    stream.once('close', exchange.end)
  })
}

/** A request outside of tunnels, until its stream is closed. */
function beginExchange(
  stream: ServerHttp2Stream,
  rawHeaders: readonly string[],
  { peer, flood }: Connection,
): Exchange {
  let isWhole = false
  const mayBeSoSmall = limitSmallPieces(systemClock, maxSmallPiecesOfBody)
  onArrival(stream, {
    onBytes(bytes) {
      flood.received(bytes)
      exchange.progressed()
      if (!mayBeSoSmall(bytes)) peer.close('flood')
    },
    onEnd: () => void (isWhole = true),
  })
  const ofHead = headBytes(rawHeaders)
  const exchange = peer.beginExchange({
    requestBytes: () => ofHead + stream.readableLength,
    isPeersTurn: () => stream.headersSent || !(stream.endAfterHeaders || isWhole),
    reset: reset(stream),
  })
  stream.once('close', exchange.end)
  stream.once('finish', () => void (isWhole || stream.endAfterHeaders || resetInOrder(stream)))
  return exchange
}

function reset(stream: ServerHttp2Stream): () => void {
  return () => void stream.destroy(new Error('its answer was not taken'))
}

/** Nothing was done for it: its client may ask again (RFC 9113 §8.7). */
function refuse(stream: ServerHttp2Stream): void {
  stream.on('error', () => undefined)
  resetUnanswered(stream, constants.NGHTTP2_REFUSED_STREAM)
}

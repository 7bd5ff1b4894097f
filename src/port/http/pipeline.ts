import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Exchange, Peer } from '../peers/peer.ts'
import { systemClock } from '../../clock.ts'
import { onArrival } from '../../net/runtime.ts'
import { limitSmallPieces, maxSmallPiecesOfBody } from '../../net/small-pieces.ts'
import { headBytes } from './heads.ts'

/** Requests of one connection over HTTP/1.1, served one after the other. */
export interface Pipeline {
  /** Serves a request when every answer before it has left. */
  add(request: IncomingMessage, response: ServerResponse, peer: Peer): void
  /** Whether answers of a connection are under way or wait. */
  isBusy(socket: Duplex): boolean
}

/** Serves one request. That it is done is seen when `response` closes. */
type Serve = (request: IncomingMessage, response: ServerResponse, exchange: Exchange) => void

/**
 * Most requests of one connection that wait for the answers before them.
 *
 * @limit requests over HTTP/1.1 that come before the last answer has left: the connection is closed
 */
const maxWaiting = 8

interface Turn {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly exchange: Exchange
}

/**
 * Makes one. Node parses every request of a chunk, also on a paused socket, and emits each of them:
 * work must not begin with that.
 */
export function createPipeline(serve: Serve): Pipeline {
  /** Of each connection; the first one is being served. */
  const turns = new WeakMap<Duplex, Turn[]>()

  function next(socket: Duplex): void {
    const [turn] = turns.get(socket) ?? []
    if (turn === undefined || socket.destroyed) return
    const { request, response, exchange } = turn
    response.once('close', () => {
      exchange.end()
      turns.get(socket)?.shift()
      next(socket)
    })
    serve(request, response, exchange)
  }

  return {
    add(request, response, peer) {
      // The rest of a chunk whose first requests got the connection closed: the socket does not yet say so.
      if (!peer.isOpen) return
      const { socket } = request
      const queue = turns.get(socket) ?? []
      turns.set(socket, queue)
      if (queue.length > maxWaiting) return peer.close('pipelined')
      const exchange = beginExchange(request, response, peer)
      queue.push({ request, response, exchange })
      if (queue.length === 1) next(socket)
    },
    isBusy: (socket) => (turns.get(socket)?.length ?? 0) > 0,
  }
}

function beginExchange(request: IncomingMessage, response: ServerResponse, peer: Peer): Exchange {
  const ofHead = headBytes(request.rawHeaders)
  const exchange = peer.beginExchange({
    requestBytes: () => ofHead + request.readableLength,
    isPeersTurn: () => !request.complete || response.headersSent,
    reset: () => request.socket.destroy(),
  })
  const mayBeSoSmall = limitSmallPieces(systemClock, maxSmallPiecesOfBody)
  onArrival(request, {
    onBytes(bytes) {
      exchange.progressed()
      if (!mayBeSoSmall(bytes)) peer.close('flood')
    },
  })
  return exchange
}

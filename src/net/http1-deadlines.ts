import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '../clock.ts'

export interface Http1DeadlinesOptions {
  readonly clock: Clock
  /** Time for one head, in milliseconds; 0 for no limit. */
  readonly headMs: number
  /** Time between an answer and the next head, in milliseconds; 0 for no limit. */
  readonly idleMs: number
  /** How often it is looked, in milliseconds. */
  readonly lookMs: number
  /** Whether answers of a connection are under way or wait. */
  readonly isBusy: (socket: Socket) => boolean
  /** A head has not come whole in its time. */
  readonly onLate: (socket: Socket) => void
  readonly onIdle: (socket: Socket) => void
}

/** Connections that are to bring requests in time. */
export interface Http1Deadlines {
  /** A connection waits for its first head, whose time begins now. */
  begin(socket: Socket): void
  /** A head has come whole. */
  arrived(request: IncomingMessage): void
  /** A connection is to bring no more heads. */
  end(socket: Duplex): void
}

interface Watched {
  readonly socket: Socket
  /** The last one whose head has come, until it was seen that nothing is under way. */
  request: IncomingMessage | undefined
  /** Whether the rest of a head is to come, rather than the begin of one. */
  isHead: boolean
  /** Since when, by the clock. */
  sinceMs: number
  /** What had come of the connection by then, in bytes. */
  bytes: number
}

/**
 * Holds connections of HTTP/1.1 to the deadlines that Node holds them to (`headersTimeout`, `keepAliveTimeout`): on Bun
 * both do nothing for a server that never listens. By looks, so that nobody hears every chunk of a body: what comes
 * until a look has seen that nothing is under way is of the requests before.
 */
export function watchDeadlines(options: Http1DeadlinesOptions): Http1Deadlines {
  const { clock, headMs, idleMs, lookMs, isBusy, onLate, onIdle } = options
  const connections = new Map<Duplex, Watched>()
  let timer: Disposable | undefined

  function look(): void {
    timer = undefined
    for (const watched of connections.values()) {
      const { socket, request, isHead } = watched
      if (request !== undefined) {
        if (request.complete && !isBusy(socket)) watched.request = undefined
        waitFor(watched, false)
      } else if (!isHead && socket.bytesRead > watched.bytes) waitFor(watched, true)
      else {
        const limitMs = isHead ? headMs : idleMs
        if (limitMs === 0 || clock.now() - watched.sinceMs < limitMs) continue
        connections.delete(socket)
        if (isHead) onLate(socket)
        else onIdle(socket)
      }
    }
    lookLater()
  }

  function waitFor(watched: Watched, isHead: boolean): void {
    watched.isHead = isHead
    watched.sinceMs = clock.now()
    watched.bytes = watched.socket.bytesRead
  }

  function lookLater(): void {
    if (connections.size > 0) timer ??= clock.schedule(lookMs, look)
  }

  return {
    begin(socket) {
      const first = { request: undefined, isHead: true, sinceMs: clock.now(), bytes: 0 }
      connections.set(socket, { socket, ...first })
      socket.once('close', () => connections.delete(socket))
      lookLater()
    },
    arrived(request) {
      const watched = connections.get(request.socket)
      if (watched !== undefined) watched.request = request
    },
    end: (socket) => void connections.delete(socket),
  }
}

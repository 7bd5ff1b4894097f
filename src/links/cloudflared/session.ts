import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
} from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../clock.ts'
import { endWithPeer } from '../../net/http2-peer-end.ts'
import type { FloodMeter } from '../../net/http2-flood.ts'
import { createPinger } from '../../net/http2-ping.ts'
import { holdable, moveWindows, widenConnection } from '../../net/http2-windows.ts'
import { onArrival } from '../../net/runtime.ts'
import { carryingHttp2, isCreditUsedUp } from '../../net/runtime-http2.ts'

/**
 * @limit bytes of one stream of a stock connector that nobody has read yet: its service waits
 */
const streamWindowBytes = 1024 * 1024
/** @limit bytes of one connection of a stock connector that nobody has read yet: its services wait */
export const connectionWindowBytes = 16 * 1024 * 1024
/** Every stream keeps its credit, but where one byte at a time makes more of it than the connection may hold. */
export const streamWindows = {
  maxUnreadBytes: connectionWindowBytes,
  maxWindowBytes: streamWindowBytes,
  minWindowBytes: 64 * 1024,
}
/** @limit memory of one connection of a stock connector: further streams are opened on another one */
const maxSessionMemoryMib = 256
/** @limit bytes of the head of an answer of a stock connector: the stream is reset */
const maxHeaderBytes = 64 * 1024
/** @limit fields in the head of an answer of a stock connector: the stream is reset */
const maxHeaderFields = 64
/**
 * How often a connection is pinged, in milliseconds. After two intervals in a row without a byte, and the one
 * that was under way, it is lost.
 *
 * @limit time in which a stock connector is asked whether it is there: without a byte in three of them
 * its streams are reset
 */
export const pingMs = 2_500

/** HTTP/2 on a connection that a connector has dialled: the gateway is the client. */
export interface ConnectorSession {
  readonly http2: ClientHttp2Session
  /** Whether its window is used up: the connector takes nothing more, of whichever stream. */
  readonly isFull: boolean
  /**
   * Asks for a stream, whose end is followed from now on.
   *
   * @throws Error when the session has ended, or was told to
   */
  request(headers: OutgoingHttpHeaders): ClientHttp2Stream
}

export interface SessionOptions {
  readonly clock: Clock
  /** Is told of all that comes on streams; the rest is what the connector says unasked. */
  readonly flood: FloodMeter
  /** Called when the connector does not take over what is set. */
  readonly onFault: () => void
}

export function openSession(
  socket: TLSSocket,
  { clock, flood, onFault }: SessionOptions,
): ConnectorSession {
  const http2 = connect('http://connector', {
    createConnection: () => carryingHttp2(socket),
    maxSessionMemory: maxSessionMemoryMib,
    maxHeaderListPairs: maxHeaderFields,
    settings: {
      enablePush: false,
      initialWindowSize: holdable(streamWindows).startWindowBytes,
      maxHeaderListSize: maxHeaderBytes,
    },
  })
  http2.on('error', () => undefined)
  http2.once('connect', () => widenConnection(http2, connectionWindowBytes))
  const follow = endWithPeer(http2, socket)
  const windows = moveWindows(http2, { limits: streamWindows, clock, onFault })
  return {
    http2,
    get isFull() {
      return isCreditUsedUp(http2)
    },
    request(headers) {
      const stream = http2.request(headers, { endStream: false })
      // Without a listener an error would end the process.
      stream.on('error', () => undefined)
      follow(stream)
      windows.add(stream)
      onArrival(stream, { onBytes: flood.received })
      // As much may be under way when we reset it.
      stream.once('close', () => flood.over(streamWindowBytes))
      return stream
    },
  }
}

/** Calls `onLost` once nothing has come for three intervals, although it was asked for. */
export function keepAlive(
  session: ClientHttp2Session,
  socket: TLSSocket,
  clock: Clock,
  onLost: () => void,
): Disposable {
  const ping = createPinger(session, socket, { looksPerInterval: 1, quietMs: 0 })
  let timer: Disposable | undefined
  const look = (): void => {
    if (!ping()) return onLost()
    timer = clock.schedule(pingMs, look)
  }
  timer = clock.schedule(pingMs, look)
  return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() }
}

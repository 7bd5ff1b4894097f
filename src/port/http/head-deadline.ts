import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../clock.ts'

export interface HeadDeadlineOptions {
  readonly clock: Clock
  /** Time for one head, in milliseconds; 0 for no limit. */
  readonly timeoutMs: number
  /** How often it is looked, in milliseconds. */
  readonly lookMs: number
  /** Whether a request of the connection is under way: what comes meanwhile is its body. */
  readonly isBusy: (socket: Socket) => boolean
  readonly onLate: (socket: Socket) => void
}

/** Heads of requests that are to come whole within their time. */
export interface HeadDeadline {
  /** A connection waits for its first head. */
  begin(socket: Socket): void
  /** It is no longer one of HTTP. */
  end(socket: Duplex): void
}

interface Waiting {
  /** What had come of the connection when nothing was under way, in bytes. */
  bytes: number
  /** When a head was begun, by the clock; the first one begins with its connection. */
  sinceMs: number | undefined
}

/**
 * Holds heads of HTTP/1.1 to their time, which no runtime needs to do for us: on Bun `headersTimeout` of a server that
 * never listens does nothing. By looks, so that nobody hears every chunk of a body.
 */
export function watchHeads(options: HeadDeadlineOptions): HeadDeadline {
  const { clock, timeoutMs, lookMs, isBusy, onLate } = options
  const waiting = new Map<Duplex, Waiting & { readonly socket: Socket }>()
  let timer: Disposable | undefined

  function look(): void {
    timer = undefined
    for (const head of waiting.values()) {
      const { socket } = head
      if (isBusy(socket)) {
        head.bytes = socket.bytesRead
        head.sinceMs = undefined
      } else if (head.sinceMs === undefined) {
        if (socket.bytesRead > head.bytes) head.sinceMs = clock.now()
      } else if (clock.now() - head.sinceMs >= timeoutMs) {
        waiting.delete(socket)
        onLate(socket)
      }
    }
    lookLater()
  }

  function lookLater(): void {
    if (waiting.size > 0) timer ??= clock.schedule(lookMs, look)
  }

  return {
    begin(socket) {
      if (timeoutMs === 0) return
      waiting.set(socket, { socket, bytes: socket.bytesRead, sinceMs: clock.now() })
      socket.once('close', () => waiting.delete(socket))
      lookLater()
    },
    end: (socket) => void waiting.delete(socket),
  }
}

import { createServer, type RequestListener } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { Admission } from '../../client/serve/same-user.ts'
import type { Clock } from '../../clock.ts'
import { createLineLimit } from '../../line-limit.ts'
import type { Logger } from '../../log.ts'
import { lingerOnClose } from '../../net/linger.ts'
import { checkDeadlinesUnlistened } from '../../net/runtime.ts'
import { within, type Closable } from '../../shutdown.ts'
import { holdDeadlines } from './hold-deadlines.ts'

/** @limit bytes of the head of a request to the window: 431, and its connection is closed */
const maxHeadBytes = 32 * 1024
/** @limit connections to the window: further ones are closed as they come */
const maxConnections = 128
/** @limit time for the head of a request to the window: 408, and its connection is closed */
const headTimeoutMs = 10_000
/** @limit time for a whole request to the window: 408, and its connection is closed */
const requestTimeoutMs = 60_000
/** @limit time without a byte on a connection to the window, as where its reader stalls: it is closed */
const silenceTimeoutMs = 90_000
/** How often deadlines are looked at, in milliseconds. */
const deadlineCheckMs = 1_000
/** @limit none: lines about refused connections in a minute; the others are counted */
const maxRefusedLines = 6

/** Times in milliseconds. **Defaults:** those above */
export interface HttpTimes {
  readonly headMs?: number
  readonly requestMs?: number
  readonly silenceMs?: number
}

export interface AdmittedHttpOptions {
  /** Who may connect at all; undefined: whoever can. */
  readonly admission: Admission | undefined
  readonly listener: RequestListener
  readonly log: Logger
  readonly clock: Clock
  readonly times?: HttpTimes | undefined
}

/** Serves HTTP/1.1 to the connections of a server that listens, each after it was admitted; none of its bytes is read before. */
export function serveAdmitted(front: Server, options: AdmittedHttpOptions): Closable {
  const { admission, listener, log, clock, times = {} } = options
  const {
    headMs = headTimeoutMs,
    requestMs = requestTimeoutMs,
    silenceMs = silenceTimeoutMs,
  } = times
  const http = createServer(
    {
      maxHeaderSize: maxHeadBytes,
      headersTimeout: headMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: deadlineCheckMs,
    },
    listener,
  )
  http.setTimeout(silenceMs)
  const deadlines = { headMs, requestMs, silenceMs, lookMs: deadlineCheckMs }
  const hold = holdDeadlines(http, deadlines, clock)
  lingerOnClose(http)
  checkDeadlinesUnlistened(http)
  const sockets = new Set<Socket>()
  const lines = createLineLimit(clock, maxRefusedLines, (count) =>
    log.warn(`${count} more connections to the window were refused`),
  )

  async function take(socket: Socket): Promise<void> {
    sockets.add(socket)
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket))
    const why = await admission?.(socket)
    if (socket.destroyed) return
    if (why === undefined) {
      hold(socket)
      http.emit('connection', socket)
      return
    }
    socket.resetAndDestroy()
    if (lines.admits()) log.warn(`refused a connection to the window: ${why}`)
  }

  front.maxConnections = maxConnections
  front.on('connection', (socket: Socket) => void take(socket))
  let closed: Promise<void> | undefined
  async function close(graceMs: number): Promise<void> {
    const gone = new Promise<void>((resolve) => front.close(() => resolve()))
    http.close()
    http.closeIdleConnections()
    await within(graceMs, gone)
    for (const socket of sockets) socket.destroy()
    await gone
  }
  return { close: (graceMs) => (closed ??= close(graceMs)) }
}

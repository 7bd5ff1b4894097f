import type { Socket } from 'node:net'

/** Judges what one connection sends. */
export interface FloodMeter {
  /** A piece of payload, or the head of a request, was received: that is what connections are for. */
  received(bytes: number): void
  /** A tunnel is over: this many bytes may still come for it, and nobody is told when they do. */
  over(bytes: number): void
}

export interface FloodWatch {
  /** Watches a connection until it is closed; `onFlood` is called at most once. */
  begin(connection: Metered, onFlood: () => void): FloodMeter
}

export interface FloodWatchOptions {
  /**
   * Most that may come for tunnels that are over, in bytes: the credit of a connection. **Default:** that of a
   * client's
   */
  readonly underWayBytes?: number
}

type Metered = Pick<Socket, 'bytesRead' | 'bytesWritten' | 'once'>

/**
 * Most that a connection may be ahead with bytes that are neither payload nor heads, nor half of what
 * was sent to it.
 *
 * @limit bytes of one HTTP/2 connection that are neither payload nor in proportion to what it was
 * sent, such as WINDOW_UPDATE and PING: the connection is closed with its tunnels
 */
const maxExcessBytes = 1024 * 1024
/**
 * The credit of a whole connection.
 *
 * @limit bytes of one HTTP/2 connection that come for tunnels which are over and are not taken for a
 * flood: what comes beyond counts as one
 */
const maxUnderWayBytes = 8 * 1024 * 1024
/** What is forgiven each second, in bytes. */
const forgivenBytesPerSecond = 64 * 1024
/** What a piece of payload needs beside itself, in bytes: frame and TLS record (RFC 9113 §4.1). */
const overheadBytes = 64
/** Bytes sent that allow for one received: clients answer a frame of DATA with two WINDOW_UPDATEs. */
const sentPerReceived = 2
const lookMs = 1_000

interface Entry {
  readonly connection: Metered
  readonly onFlood: () => void
  read: number
  written: number
  /** Received as payload and heads since the last look, with what they need. */
  expected: number
  /** What may still come for tunnels that are over. */
  underWay: number
  excess: number
}

/**
 * Makes the watch. nghttp2 tells nobody of the frames that it deals with itself; how many bytes came
 * is told by the connection. One timer looks at all connections, while there are any.
 */
export function createFloodWatch({
  underWayBytes = maxUnderWayBytes,
}: FloodWatchOptions = {}): FloodWatch {
  const entries = new Set<Entry>()
  let timer: NodeJS.Timeout | undefined

  function look(entry: Entry): void {
    const { bytesRead, bytesWritten } = entry.connection
    const sent = bytesWritten - entry.written
    const unexpected = bytesRead - entry.read - entry.expected - sent / sentPerReceived
    const excess = Math.max(0, entry.excess + unexpected - forgivenBytesPerSecond)
    const allowed = Math.min(excess, entry.underWay)
    entry.underWay -= allowed
    entry.excess = excess - allowed
    entry.read = bytesRead
    entry.written = bytesWritten
    entry.expected = 0
    if (entry.excess <= maxExcessBytes) return
    remove(entry)
    entry.onFlood()
  }

  function remove(entry: Entry): void {
    entries.delete(entry)
    if (entries.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    begin(connection, onFlood) {
      const { bytesRead, bytesWritten } = connection
      const now = { read: bytesRead, written: bytesWritten, expected: 0, underWay: 0, excess: 0 }
      const entry: Entry = { connection, onFlood, ...now }
      entries.add(entry)
      timer ??= setInterval(() => entries.forEach(look), lookMs).unref()
      connection.once('close', () => remove(entry))
      return {
        received: (bytes) => void (entry.expected += bytes + overheadBytes),
        over: (bytes) => void (entry.underWay = Math.min(underWayBytes, entry.underWay + bytes)),
      }
    },
  }
}

import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { connectionBeneath } from './beneath.ts'

/**
 * How long a side that can only be ended in order (TLS) may take to end too, in milliseconds. Until
 * then its input is read and thrown away: closing with unread input would send a TCP reset, which
 * may overtake the last bytes.
 *
 * @limit time that the other side of an aborted tunnel may take to end: it is cut
 */
const lingerMs = 2_000

/** Ends a stream so that its peer learns, where the transport can say it, that this is no orderly end. */
export function abandon(stream: Duplex, reason: Error): void {
  if (stream.destroyed) return
  const beneath = stream instanceof TLSSocket ? connectionBeneath(stream) : undefined
  if (beneath?.mayReset === true) resetConnection(stream, beneath.connection)
  else if (stream instanceof TLSSocket) endTls(stream)
  // A Unix socket has no reset (Node throws), and no address to tell it by.
  else if (stream instanceof Socket && stream.remoteAddress) resetConnection(stream, stream)
  else destroy(stream, reason)
}

/** Node.js makes an error that nobody sees where it closes an HTTP/2 stream: its stack would cost a third of the reset. */
function destroy(stream: Duplex, reason: Error): void {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    stream.destroy(reason)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/**
 * Says last words to a stream and ends it in order; what it still says is read and thrown away, or closing would reset it
 * before they are read. Where its peer has not ended as well after `lingerMs`, it is abandoned. Resolves when it is
 * closed.
 */
export function endWith(stream: Duplex, words: Buffer, reason: Error): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      // It has been told by an end in order already, where it can be told nothing else.
      const endsInOrder = stream instanceof TLSSocket && !mayReset(stream)
      if (endsInOrder) stream.destroy()
      else abandon(stream, reason)
    }, lingerMs)
    stream.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    stream.resume().end(words)
  })
}

function mayReset(stream: TLSSocket): boolean {
  return connectionBeneath(stream)?.mayReset === true
}

/**
 * Resets what a stream runs on, at once or when a FIN of ours that is on its way has left: until then libuv
 * refuses a reset (`uv_tcp_close_reset`), and Node lets go of the descriptor without closing it, for
 * good. Where a reader that has stopped keeps the FIN back, such as TLS's own, it is closed without.
 */
function resetConnection(stream: Duplex, connection: Socket): void {
  const reset = (): void => {
    connection.resetAndDestroy()
    stream.destroy()
  }
  // What waits to be written keeps the FIN back.
  const isEnding = stream.writableEnded && !stream.writableFinished && stream.writableLength === 0
  if (!isEnding) return reset()
  const timer = setTimeout(() => {
    stream.destroy()
    connection.destroy()
  }, lingerMs)
  stream.once('finish', reset).once('close', () => clearTimeout(timer))
}

/**
 * Stock clients forget their token at a reset, so an HTTP/1.1 tunnel always ends in order towards
 * them: the gateway calls `runsOn` for it, and not `resetBeneath`.
 */
function endTls(socket: TLSSocket): void {
  socket.removeAllListeners('data').removeAllListeners('drain').resume()
  socket.end()
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer))
}

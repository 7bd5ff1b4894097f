import { Duplex } from 'node:stream'
import type { WebSocket } from './ws.ts'
import {
  closeCodes,
  costOf,
  decodeMessage,
  encodeCredit,
  encodeEnd,
  initialCredit,
  maxCredit,
  maxMessageBytes,
  messageOverhead,
} from './websocket.ts'

/** @limit parts of one message over a WebSocket: the tunnel is aborted */
const maxFragments = 4_096
/** @limit pieces of input that wait for the rest of a message over a WebSocket: the tunnel is aborted */
const maxBufferedChunks = 8_192
/** @limit time for the other side to close a WebSocket as well: the connection is cut */
const closeTimeoutMs = 2_000

/** What both sides make their WebSockets with, in the form of `ws`. */
export const webSocketBounds = {
  perMessageDeflate: false,
  maxPayload: maxMessageBytes,
  maxFragments,
  maxBufferedChunks,
  closeTimeout: closeTimeoutMs,
} as const

/** How often a side pings. Edges commonly cut a connection without traffic after 60 s. */
export const pingIntervalMs = 25_000
/**
 * Intervals without a sign of life after which the other side counts as lost.
 *
 * @limit pings without an answer over a WebSocket, one each 25 s: the tunnel is aborted
 */
const maxSilentIntervals = 2

/**
 * Most bytes that may wait in the connection besides what its writer knows of; pongs and credit do.
 *
 * @limit bytes over a WebSocket that the other side did not ask for yet: the tunnel is aborted
 */
const maxQueuedBytes = 1024 * 1024

/** What the PING behind the last byte says; the others say nothing. */
const lastPing = 'done'
/**
 * How long the last bytes may be on their way, in milliseconds, with signs of life all along: a window
 * of them, over a slow line.
 *
 * @limit time for the last bytes of a tunnel over a WebSocket to arrive: the connection is cut
 */
const lastBytesTimeoutMs = 10 * 60_000

/**
 * A tunnel over a WebSocket that is open, as a half-open stream. `window` is what the other side may
 * have under way unread, in bytes. Destroying it before both directions have ended aborts the tunnel, and
 * an abort or a loss on the other side destroys it with an error. What `whyCut` answers then is told
 * to the other side: at most 123 bytes. Pings come every `intervalMs` milliseconds.
 */
export function tunnelOverWebSocket(
  socket: WebSocket,
  window: number,
  whyCut: () => string | undefined = () => undefined,
  intervalMs = pingIntervalMs,
): Duplex {
  const incoming = createIncoming(window, (credit) => say(encodeCredit(credit)))
  const outgoing = createOutgoing(socket)
  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => incoming.read(stream),
    write: (chunk: Buffer, _encoding, done) => outgoing.write([chunk], done),
    writev: (parts, done) =>
      outgoing.write(
        parts.map(({ chunk }) => chunk as Buffer),
        done,
      ),
    final: (done) => outgoing.end(done),
    destroy(error, done) {
      if (incoming.hasEnded() && outgoing.hasEnded()) closeAfterLastByte()
      else {
        clearInterval(timer)
        const why = whyCut()
        socket.close(why === undefined ? closeCodes.aborted : closeCodes.cut, why)
      }
      done(error)
    },
  })

  /** A peer that gives us no chance to write must not make us keep what we would say. */
  function say(text: string): void {
    if (socket.bufferedAmount > maxQueuedBytes) stream.destroy(new Error('the peer does not read'))
    else socket.send(text, ignore)
  }

  /**
   * The system has the last bytes, the other side may not: what it says meanwhile to a connection that
   * is closed would reset it, and lose them. It answers a PING when it has read all that came before.
   */
  function closeAfterLastByte(): void {
    const limit = setTimeout(() => socket.terminate(), lastBytesTimeoutMs).unref()
    socket.once('close', () => clearTimeout(limit))
    socket.on('pong', (text) => {
      if (text.toString('latin1') === lastPing) socket.close(closeCodes.done)
    })
    socket.ping(lastPing)
  }

  let silentIntervals = 0
  const onSignOfLife = (): void => void (silentIntervals = 0)
  const timer = setInterval(() => {
    silentIntervals += 1
    if (silentIntervals > maxSilentIntervals) socket.terminate()
    else if (socket.bufferedAmount < maxQueuedBytes) socket.ping()
  }, intervalMs).unref()

  socket.on('ping', onSignOfLife).on('pong', onSignOfLife)
  socket.on('message', (data, isBinary) => {
    onSignOfLife()
    if (stream.destroyed) return
    try {
      const message = decodeMessage(data as Buffer, isBinary)
      if (message.kind === 'credit') outgoing.allow(message.credit)
      else if (message.kind === 'end') incoming.end(stream)
      else incoming.take(message.bytes, stream)
    } catch (error) {
      stream.destroy(error as Error)
    }
  })
  socket.on('error', (error) => stream.destroy(error))
  socket.on('close', (code) => {
    clearInterval(timer)
    if (incoming.hasEnded() && outgoing.hasEnded()) return
    const isOnPurpose = code === closeCodes.aborted || code === closeCodes.cut
    const what = isOnPurpose ? 'aborted by the other side' : `lost (${code})`
    stream.destroy(new Error(`the tunnel was ${what}`))
  })
  if (window > initialCredit) say(encodeCredit(window - initialCredit))
  return stream
}

interface Incoming {
  /** The stream wants to be given more. */
  read(stream: Duplex): void
  /** @throws Error when the other side sends what it may not */
  take(bytes: Buffer, stream: Duplex): void
  end(stream: Duplex): void
  /** Whether the other side has ended its direction; its bytes may still be unread. */
  hasEnded(): boolean
}

/** What has come and is not read yet. Credit goes back when bytes have been read. */
function createIncoming(window: number, giveBack: (credit: number) => void): Incoming {
  const waiting: Buffer[] = []
  /** What the other side may still send, and what has been read and not been given back. */
  let credit = Math.max(window, initialCredit)
  let read = 0
  let isWanted = false
  let hasEnded = false
  const pass = (bytes: Buffer, stream: Duplex): void => {
    isWanted = stream.push(bytes)
    read += costOf(bytes.length)
    // Not for each message: one for a quarter of the window keeps a sender going as well.
    if (read < window / 4 || hasEnded) return
    credit += read
    giveBack(read)
    read = 0
  }
  return {
    read(stream) {
      isWanted = true
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        pass(next, stream)
        if (!isWanted) break
      }
      if (hasEnded && waiting.length === 0) stream.push(null)
    },
    take(bytes, stream) {
      credit -= costOf(bytes.length)
      if (hasEnded || credit < 0) throw new Error('the peer sent more than it may')
      if (bytes.length === 0) return
      if (isWanted) pass(bytes, stream)
      else waiting.push(bytes)
    },
    end(stream) {
      if (hasEnded) throw new Error('the peer ended a direction twice')
      hasEnded = true
      if (waiting.length === 0) stream.push(null)
    },
    hasEnded: () => hasEnded,
  }
}

type Done = (error?: Error | null) => void

interface Outgoing {
  /** Sends as credit allows; `done` when all of it is on its way. */
  write(chunks: readonly Buffer[], done: Done): void
  end(done: Done): void
  /** @throws Error when the other side gives more than anybody may hold */
  allow(credit: number): void
  /** Whether our end is on its way. */
  hasEnded(): boolean
}

/** What is still to be sent: at most one write of the stream at a time. */
function createOutgoing(socket: WebSocket): Outgoing {
  let credit = initialCredit
  let pending: Buffer[] = []
  let onSent: Done | undefined
  let hasEnded = false

  function pump(): void {
    while (onSent !== undefined && credit > messageOverhead) {
      const next = pending.shift()
      if (next === undefined) break
      const length = Math.min(next.length, maxMessageBytes, credit - messageOverhead)
      if (length < next.length) pending.unshift(next.subarray(length))
      credit -= costOf(length)
      // `ws` calls back in order: the last message's callback stands for all.
      const done = pending.length === 0 ? onSent : ignore
      if (pending.length === 0) onSent = undefined
      socket.send(length === next.length ? next : next.subarray(0, length), done)
    }
  }

  return {
    write(chunks, done) {
      pending = chunks.filter(({ length }) => length > 0)
      onSent = done
      if (pending.length > 0) return pump()
      onSent = undefined
      done()
    },
    end(done) {
      socket.send(encodeEnd(), (error) => {
        hasEnded = error === undefined || error === null
        done(error)
      })
    },
    allow(more) {
      credit += more
      if (credit > maxCredit) throw new Error('the peer gave more credit than anybody may hold')
      pump()
    },
    hasEnded: () => hasEnded,
  }
}

/** A WebSocket that fails says so by closing. */
function ignore(): void {
  // Nothing else to do.
}

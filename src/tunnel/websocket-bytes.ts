// Plain bytes over a WebSocket (RFC 6455), as stock clients such as `cloudflared access` speak it: binary messages,
// no subprotocol, no word of ours. So it has no half-close (a close ends both directions), and whoever stops reading
// is stopped by TCP, behind whose window pings and closes wait as well.
import { randomBytes } from 'node:crypto'
import { Duplex } from 'node:stream'
import { lostHosts } from '../net/lost-host.ts'
import { isOwnEnd } from '../net/runtime-tls.ts'
import { closeCodes } from './websocket.ts'
import { websocketMask } from './websocket-mask.ts'
import {
  createFrameReader,
  encodeClose,
  encodeFrameHead,
  type FramePart,
} from './websocket-frames.ts'

export interface WebSocketBytesOptions {
  /** Which side this is: a client masks what it sends. */
  readonly side: 'server' | 'client'
  /** What is told to the other side when the stream is destroyed: at most 123 bytes. */
  readonly whyCut?: () => string | undefined
  /** Milliseconds between pings; edges commonly cut a connection without traffic after 60 s. */
  readonly pingIntervalMs?: number
}

/** What is sent goes in messages of so many bytes: what `cloudflared` reads in one go. */
const sentMessageBytes = 16 * 1024

/** @limit none: how often a WebSocket of plain bytes is pinged */
const defaultPingIntervalMs = 25_000

/**
 * Pings in a row without a sign of life, of a peer that had taken all that was sent to it.
 *
 * @limit pings without an answer over a WebSocket of plain bytes, one each 25 s: the tunnel is aborted
 */
const maxSilentPings = 2

/**
 * How long a service may go on, in milliseconds from the last byte that its client could be given, once that
 * has closed: it may still be reading what came before.
 *
 * @limit silence of a service whose client over a WebSocket of plain bytes has closed: the tunnel ends
 */
const afterPeerEndMs = 30_000

/**
 * How long the other side may take to end its connection after a close of ours, in milliseconds.
 *
 * @limit time for a client over a WebSocket of plain bytes to close as well: the connection is cut
 */
const closeTimeoutMs = 5_000

/**
 * The bytes of a WebSocket whose handshake is done, as a stream; it owns `carrier` from now on. Its end is the
 * close of both directions: what the other side says after that is still passed on, for a moment.
 */
export function bytesOverWebSocket(carrier: Duplex, options: WebSocketBytesOptions): Duplex {
  const { side, whyCut, pingIntervalMs = defaultPingIntervalMs } = options
  const reader = createFrameReader({ isMasked: side === 'server' })
  const send = createSender(carrier, side)
  let hasPeerEnded = false
  let hasClosed = false
  let silence: NodeJS.Timeout | undefined
  let sentBytes = 0
  let takenBytes = 0
  let silentPings = 0

  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => void carrier.resume(),
    write(chunk: Buffer, _encoding, done) {
      // Whoever has closed and is gone took what it wanted: an error now would take what it said from the service.
      if (hasPeerEnded && carrier.destroyed) return done()
      if (hasPeerEnded) awaitSilence()
      sentBytes += chunk.length
      send.bytes(chunk, (error) => done(hasPeerEnded ? null : error))
    },
    final(done) {
      close(closeCodes.done, '', (error) => done(hasPeerEnded ? null : error))
      if (!hasPeerEnded) limitClose()
    },
    destroy(error, done) {
      stop()
      const why = whyCut?.()
      if (!hasClosed) close(why === undefined ? closeCodes.aborted : closeCodes.cut, why)
      endCarrier(carrier)
      done(error)
    },
  })

  function close(code: number, text?: string, done?: (error?: Error | null) => void): void {
    hasClosed = true
    send.control('close', encodeClose(code, text), done)
  }

  /** It may have sent its last word and wait for the answer, or be gone. */
  function peerEnded(): void {
    if (hasPeerEnded) return
    hasPeerEnded = true
    clearTimeout(silence)
    stream.push(null)
    if (!hasClosed) awaitSilence()
  }

  function awaitSilence(): void {
    clearTimeout(silence)
    const onSilence = (): void => void stream.destroy(new Error('the client has closed'))
    silence = setTimeout(onSilence, afterPeerEndMs).unref()
  }

  function limitClose(): void {
    const onTimeout = (): void => void stream.destroy(new Error('the client does not close'))
    silence = setTimeout(onTimeout, closeTimeoutMs).unref()
  }

  function take(part: FramePart): void {
    if (part.kind === 'ping') send.control('pong', part.payload)
    else if (part.kind === 'pong') takenBytes = countIn(part.payload) ?? takenBytes
    else if (part.kind === 'close' && isOrderly(part.payload)) peerEnded()
    else if (part.kind === 'close') stream.destroy(new Error('the other side has aborted it'))
    else if (part.kind === 'bytes' && !hasPeerEnded && !stream.push(part.bytes)) carrier.pause()
  }

  /** A peer whose own reader has stopped cannot answer: of what is under way to it the kernel knows best. */
  function look(): void {
    const hasTakenAll = takenBytes === sentBytes && !carrier.writableNeedDrain
    if (carrier.isPaused() || !hasTakenAll || hasPeerEnded) silentPings = 0
    if (silentPings >= maxSilentPings) stream.destroy(new Error('the client answers no ping'))
    else send.control('ping', countOf(sentBytes))
    silentPings += 1
  }

  const ping = setInterval(look, pingIntervalMs).unref()
  const stopWatching = lostHosts.watch(carrier, (error) => stream.destroy(error))
  function stop(): void {
    clearInterval(ping)
    clearTimeout(silence)
    stopWatching()
  }

  carrier.on('data', (chunk: Buffer) => {
    silentPings = 0
    if (stream.destroyed) return
    try {
      for (const part of reader.read(chunk)) take(part)
    } catch (error) {
      stream.destroy(error as Error)
    }
  })
  carrier.on('end', () => {
    if (!isOwnEnd(carrier)) peerEnded()
  })
  carrier.on('error', (error) => {
    if (!hasPeerEnded) stream.destroy(error)
  })
  carrier.on('close', () => {
    if (!hasPeerEnded) stream.destroy(new Error('the WebSocket was lost'))
  })
  // Its end may have come before anybody listened.
  if (carrier.readableEnded) peerEnded()
  return stream
}

const countBytes = 8

/** A ping says how much was sent before it: its answer proves that the peer has read so far. */
function countOf(bytes: number): Buffer {
  const payload = Buffer.alloc(countBytes)
  payload.writeDoubleBE(bytes)
  return payload
}

function countIn(payload: Buffer): number | undefined {
  return payload.length === countBytes ? payload.readDoubleBE() : undefined
}

/** RFC 6455 §7.4.1: done, or leaving; without a code too. Every other one says that something went wrong. */
const orderlyCodes: readonly number[] = [1000, 1001]

function isOrderly(payload: Buffer): boolean {
  return payload.length < 2 || orderlyCodes.includes(payload.readUInt16BE())
}

type Done = (error?: Error | null) => void

interface Sender {
  /** `done` once all of it is on its way. */
  bytes(chunk: Buffer, done: Done): void
  control(kind: 'ping' | 'pong' | 'close', payload?: Buffer, done?: Done): void
}

function createSender(carrier: Duplex, side: 'server' | 'client'): Sender {
  /** The answer to the last ping of a peer that does not read: one answers them all (RFC 6455 §5.5.3). */
  let owedPong: Buffer | undefined
  const write = (
    kind: 'binary' | 'ping' | 'pong' | 'close',
    payload: Buffer,
    done?: Done,
  ): boolean => {
    const mask = side === 'client' ? randomBytes(4) : undefined
    carrier.write(encodeFrameHead(kind, payload.length, mask))
    return carrier.write(mask === undefined ? payload : masked(payload, mask), done)
  }
  carrier.on('drain', () => {
    if (owedPong !== undefined) write('pong', owedPong)
    owedPong = undefined
  })

  return {
    bytes(chunk, done) {
      if (carrier.destroyed) return done(new Error('the WebSocket was lost'))
      carrier.cork()
      for (let at = 0; at < chunk.length; at += sentMessageBytes) {
        const isLast = at + sentMessageBytes >= chunk.length
        write('binary', chunk.subarray(at, at + sentMessageBytes), isLast ? done : undefined)
      }
      carrier.uncork()
      if (chunk.length === 0) done()
    },
    control(kind, payload = Buffer.alloc(0), done) {
      if (carrier.destroyed || carrier.writableEnded) return done?.()
      // What waits tells an edge that the line is in use, and a peer that does not read gets no more.
      if (kind !== 'close' && carrier.writableNeedDrain) {
        if (kind === 'pong') owedPong = Buffer.from(payload)
        return
      }
      carrier.cork()
      write(kind, payload, done)
      carrier.uncork()
    },
  }
}

function masked(payload: Buffer, mask: Buffer): Buffer {
  const output = Buffer.allocUnsafe(payload.length)
  websocketMask(payload, mask, output, 0, payload.length)
  return output
}

/** Closing with unread input would send a TCP reset, which may overtake the last bytes. */
function endCarrier(carrier: Duplex): void {
  if (carrier.destroyed) return
  carrier.resume()
  carrier.end()
  const timer = setTimeout(() => carrier.destroy(), closeTimeoutMs).unref()
  carrier.once('close', () => clearTimeout(timer))
}

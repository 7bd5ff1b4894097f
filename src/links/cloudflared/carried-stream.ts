// A stream to a stock connector's service, as a tunnel needs it: half-open, with back-pressure, and an end that is
// told from a loss as far as a stock connector tells them apart.
//
// - END_STREAM of ours ends both directions there, and the rest of the answer is lost. So a client's end is held back
//   until the service has ended too, or has been silent for `silenceMs`.
// - Its END_STREAM, which a reset of its service is as well, is the end of both directions: what is written
//   afterwards, or was not taken before, is lost, and the tunnel is reset as TCP would.
import type { ClientHttp2Stream } from 'node:http2'
import { Duplex } from 'node:stream'
import type { Clock } from '../../clock.ts'
import { followEnd, onPeerReset } from '../../net/http2-reset.ts'
import type { ByteCodec } from './byte-codec.ts'

/**
 * Silence of a service after which its client's end is passed on, in milliseconds.
 *
 * @limit silence of a service behind a stock connector once its client has ended: the tunnel ends both ways
 */
export const silenceMs = 5_000

/**
 * Silence after which a connector that was told of an end, and should have ended at once, is given up.
 *
 * @limit silence of a stock connector that was told that a client has ended: the tunnel is reset
 */
const endTimeoutMs = 30_000

/**
 * Most of a pong that waits, in bytes: a peer that asks and never reads is not answered again.
 *
 * @limit bytes that wait for a stock connector while it pings: the ping is not answered
 */
const maxWaitingForPong = 64 * 1024

export interface CarriedStreamParts {
  readonly clock: Clock
  readonly codec: ByteCodec
  /** Most bytes to write at once now. */
  pieceBytes(): number
  /** Bytes wait to be taken, or some of them were. */
  onWaiting(): void
  onTaken(bytes: number): void
  /** The service has said something. */
  onHeard(): void
}

type Done = (error?: Error | null) => void

/** Takes a stream whose answer was right; its peer's end must have been followed from the start. */
export function carry(h2: ClientHttp2Stream, parts: CarriedStreamParts): Duplex {
  const { clock, codec } = parts
  const peerEnd = followEnd(h2)
  /** The other direction is over as well, whatever we would still say. */
  let hasEnded = false
  let isEnding = false
  let quietTimer: Disposable | undefined
  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => void h2.resume(),
    write: (chunk: Buffer, _encoding, done) => send(chunk, done),
    writev: (chunks, done) => send(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), done),
    final(done) {
      isEnding = true
      if (hasEnded) h2.end()
      else awaitSilence()
      done()
    },
    destroy(error, done) {
      quietTimer?.[Symbol.dispose]()
      if (hasEnded && h2.writableLength === 0) h2.end()
      // Never `close`: it would send END_STREAM first.
      else h2.destroy(error ?? new Error('the tunnel was aborted'))
      done(error)
    },
  })

  /** One piece after the other, so that it shows which of them was taken. */
  function send(bytes: Buffer, done: Done): void {
    if (bytes.length === 0) return done()
    if (hasEnded || h2.destroyed) return lose(done)
    const piece = bytes.subarray(0, parts.pieceBytes())
    parts.onWaiting()
    h2.write(codec.encode(piece), (error) => {
      if (error) return lose(done)
      parts.onTaken(piece.length)
      send(bytes.subarray(piece.length), done)
    })
  }

  /** Nobody takes this any more. What the service had said is read before the tunnel is told. */
  function lose(done: Done): void {
    const fail = (): void => done(new Error('the service has ended and takes no more'))
    if (hasEnded && !stream.readableEnded) stream.once('end', fail)
    else fail()
  }

  /** Passes our end on once the service is silent, and gives up a connector that does not end then. */
  function awaitSilence(): void {
    quietTimer?.[Symbol.dispose]()
    const isTold = h2.writableEnded
    quietTimer = clock.schedule(isTold ? endTimeoutMs : silenceMs, () => {
      // Whoever is not read cannot be heard.
      const isHeard = !h2.isPaused()
      if (isHeard && isTold) {
        stream.destroy(new Error('the connector does not end'))
        return
      }
      if (isHeard) h2.end()
      awaitSilence()
    })
  }

  function end(): void {
    if (hasEnded) return
    hasEnded = true
    quietTimer?.[Symbol.dispose]()
    stream.push(null)
    if (isEnding) h2.end()
  }

  function take(chunk: Buffer): void {
    if (hasEnded) return
    if (isEnding) awaitSilence()
    const { bytes, reply, isOver } = codec.decode(chunk)
    if (reply !== undefined && h2.writable && h2.writableLength < maxWaitingForPong) h2.write(reply)
    for (const part of bytes) {
      parts.onHeard()
      if (!stream.push(part)) h2.pause()
    }
    if (isOver) end()
  }

  h2.on('data', (chunk: Buffer) => {
    try {
      take(chunk)
    } catch (error) {
      stream.destroy(error as Error)
    }
  })
  h2.on('end', () => {
    if (peerEnd.isWhole) end()
  })
  h2.on('error', (error) => stream.destroy(error))
  h2.on('close', () => {
    if (!hasEnded) stream.destroy(lost())
  })
  onPeerReset(h2, {
    onReset: () => void (hasEnded || stream.destroy(lost())),
    onClose: () => undefined,
  })
  return stream
}

function lost(): Error {
  return new Error('the connector has reset the stream')
}

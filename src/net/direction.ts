import type { Duplex } from 'node:stream'
import { followEnd, isAborted, isHttp2 } from './http2-reset.ts'
import { limitUnread, limitUnsent, onArrival } from './runtime.ts'
import { isOwnEnd } from './runtime-tls.ts'

/**
 * Chunks of this size are gathered until the end of the event loop's turn, in bytes. TLS and HTTP/2
 * give what they decrypt in pieces of at most 16 KiB, several at a time, and a system call for each
 * is most of what an upload costs. Smaller ones are somebody typing: they go at once, but for one that
 * follows such a chunk, which is the rest of it: a frame of HTTP/2 and its header are nine bytes more than a
 * record of TLS, so that most come as a large piece and a small one. Larger ones are worth a call of
 * their own.
 */
const minGatheredBytes = 4 * 1024
/** @limit none: small pieces are written together */
const maxGatheredBytes = 16 * 1024

/**
 * Marks count bytes, and a piece of one takes some 500 (measured: 560): 64 KiB of them would take 36 MiB, on each side
 * of every tunnel.
 *
 * @limit pieces of a tunnel that wait for a side which takes nothing: the other side waits
 */
const maxWaitingPieces = 512

/** Bytes that were read from each side of a tunnel. */
export interface TunnelBytes {
  /** From the client to the upstream. */
  up: number
  /** From the upstream to the client. */
  down: number
}

/** One direction of a tunnel. */
export interface Direction {
  readonly source: Duplex
  /** `ended`: the source's FIN has come; `flushed`: it has been passed on as well. */
  state: 'open' | 'ended' | 'flushed'
  /** The source's end is one in order, although it takes nothing more. */
  isWhole: boolean
  /** The sink has taken the last byte and the FIN. Idempotent. */
  flushed(): void
  /** Calls back once that is so. */
  onFlushed(callback: () => void): void
  /** Bytes that the sink has taken. */
  passedOn(): number
  /** From now on what comes is thrown away: the sink takes nothing more. */
  drop(): void
  /** Bytes were thrown away, or waited for the sink then. */
  hasLost: boolean
}

/** What a direction tells its tunnel. */
export interface Passage {
  readonly bytes: TunnelBytes
  /** What its own are counted as. */
  readonly way: keyof TunnelBytes
  /** Bytes have come, or the sink takes them again. */
  touch(): void
  /** Sees what is passed on. **Default:** nobody does */
  readonly follow?: ((bytes: Buffer) => void) | undefined
  /** The source's end has been passed on. */
  onFlushed(): void
}

/** Copies what a source says to a sink, its end included. */
export function copy(source: Duplex, sink: Duplex, passage: Passage): Direction {
  const { bytes, way, touch, follow } = passage
  // Before an end of ours: what theirs was cannot be told afterwards.
  for (const stream of [source, sink]) if (isHttp2(stream)) followEnd(stream)
  let tellFlushed = passage.onFlushed
  const direction: Direction = {
    source,
    state: 'open',
    isWhole: false,
    hasLost: false,
    flushed() {
      if (direction.state === 'flushed') return
      direction.state = 'flushed'
      tellFlushed()
    },
    onFlushed(callback) {
      if (direction.state === 'flushed') callback()
      else tellFlushed = callback
    },
    passedOn: () => bytes[way] - sink.writableLength,
    drop() {
      source.off('data', take).on('data', () => (direction.hasLost = true))
      source.resume()
    },
  }
  let isGathering = false
  const release = (): void => {
    isGathering = false
    sink.uncork()
  }
  // What arrives in one turn of the event loop leaves in one system call.
  const gather = (): void => {
    if (isGathering) return
    isGathering = true
    sink.cork()
    setImmediate(release)
  }
  const marks = { source: source.readableHighWaterMark, sink: sink.writableHighWaterMark }
  let [unread, unsent] = [0, 0]
  const countUnread = (): void => {
    if (source.isPaused() && ++unread === maxWaitingPieces) limitUnread(source, 1)
  }
  const countUnsent = (): void => {
    unsent = sink.writableLength === 0 ? 0 : unsent + 1
    if (unsent === maxWaitingPieces) limitUnsent(sink, 1)
  }
  // HTTP/2 has its credit.
  if (!isHttp2(source)) onArrival(source, { onBytes: countUnread })
  let wasLarge = false
  const pass = (chunk: Buffer): void => {
    bytes[way] += chunk.length
    touch()
    const isLarge = chunk.length >= minGatheredBytes
    if ((isLarge || wasLarge) && chunk.length <= maxGatheredBytes) gather()
    wasLarge = isLarge
    countUnsent()
    if (!sink.write(chunk)) source.pause()
  }
  // Where nobody follows nothing is asked of any piece.
  const take = follow === undefined ? pass : (chunk: Buffer): void => (follow(chunk), pass(chunk))
  source.on('data', take)
  sink.on('drain', () => {
    if (sink.writableHighWaterMark === 1) limitUnsent(sink, marks.sink)
    if (unread >= maxWaitingPieces) limitUnread(source, marks.source)
    unread = 0
    touch()
    source.resume()
  })
  const passEnd = (): void => {
    // An aborted HTTP/2 stream ends its readable side too; that must not become a FIN.
    if (isHttp2(source) && isAborted(source) && !direction.isWhole) return
    // Nor what we have cut ourselves; its `close` comes next.
    if (isOwnEnd(source)) return
    direction.state = 'ended'
    sink.end((error?: Error | null) => {
      if (!error) direction.flushed()
    })
  }
  // A socket without unread bytes emits `end` as soon as its FIN comes, reader or not.
  if (source.readableEnded) passEnd()
  else source.on('end', passEnd)
  return direction
}

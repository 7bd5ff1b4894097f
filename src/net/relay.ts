import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { connectionBeneath } from './beneath.ts'
import { isAborted, isHttp2, onPeerReset } from './http2-reset.ts'
import type { IdleLimit } from './idle-limit.ts'
import { lostHosts, type LostHosts } from './lost-host.ts'
import { defaultLookIntervalMs, watchUnread, type UnreadOptions } from './unread.ts'

export interface RelayOptions extends UnreadOptions {
  /** Ends the tunnel after so long without a byte either way. */
  readonly idle?: IdleLimit
  /** Cuts the tunnel at once; both sides learn of it as an abort where their transport can say so. */
  readonly signal?: AbortSignal
  /** Finds peers that are gone while bytes are on their way to them. **Default:** the process's own */
  readonly lostHosts?: LostHosts
}

/**
 * - `client-closed`, `upstream-closed`: both directions ended in order, and this side first; or it closed once it
 *   had said all, and nothing was sent to it in vain
 * - `client-reset`, `upstream-reset`: this side was lost or aborted
 * - `idle-timeout`: no byte for as long as `idle` allows
 * - `stall-timeout`: the upstream took nothing of what waited for it for `stallTimeoutMs`
 * - `cut`: `signal` was aborted
 */
export type RelayCause =
  | 'client-closed'
  | 'upstream-closed'
  | 'client-reset'
  | 'upstream-reset'
  | 'idle-timeout'
  | 'stall-timeout'
  | 'cut'

/** How a tunnel ended, and the bytes that were read from each side. */
export interface RelayEnd {
  readonly cause: RelayCause
  /** Bytes from the client to the upstream. */
  readonly bytesUp: number
  /** Bytes from the upstream to the client. */
  readonly bytesDown: number
  readonly error?: Error
}

/**
 * How long a side that can only be ended in order (TLS) may take to end too, in milliseconds. Until
 * then its input is read and thrown away: closing with unread input would send a TCP reset, which
 * may overtake the last bytes.
 *
 * @limit time that the other side of an aborted tunnel may take to end: it is cut
 */
const lingerMs = 2_000

/**
 * Chunks of this size are gathered until the end of the event loop's turn, in bytes. TLS and HTTP/2
 * give what they decrypt in pieces of at most 16 KiB, several at a time, and a system call for each
 * is most of what an upload costs. Smaller ones are somebody typing: they go at once; larger ones are
 * worth a call of their own.
 */
const minGatheredBytes = 4 * 1024
/** @limit none: small pieces are written together */
const maxGatheredBytes = 16 * 1024

/**
 * Copies bytes both ways until both directions have ended, and owns both streams from the call on.
 *
 * A FIN on one side is passed to the other and nothing else: the opposite direction keeps flowing.
 * A reset on one side resets the other. At most one `writableHighWaterMark` and one chunk wait in
 * each direction: a reader that stops stops the writer. Never rejects.
 *
 * Both streams must allow half-open (`allowHalfOpen: true`); HTTP/2 streams do by nature.
 */
export function relay(
  client: Duplex,
  upstream: Duplex,
  options: RelayOptions = {},
): Promise<RelayEnd> {
  return new Promise((resolve) => {
    let firstToEnd: 'client-closed' | 'upstream-closed' | undefined
    /** Of both directions; of the first to end there are no more. */
    let bytesAtFirstEnd: number | undefined
    let settled = false
    const { signal, idle, lostHosts: hosts = lostHosts } = options
    idle?.watch(() => abort('idle-timeout'))
    const onCut = (): void => abort('cut')
    const touch = (): void => idle?.touch()

    const up = copy(client, upstream, touch, () => directionEnded('client-closed'))
    const down = copy(upstream, client, touch, () => directionEnded('upstream-closed'))
    const stopLooking = [
      watchUnread(up, down, options, () => abort('stall-timeout')),
      hosts.watch(client, (error) => abort('client-reset', error)),
      hosts.watch(upstream, (error) => abort('upstream-reset', error)),
    ]
    watch(client, up, down, {
      onLost: (error) => abort('client-reset', error),
      onClosed: () => finish('client', up, down),
    })
    watch(upstream, down, up, {
      onLost: (error) => abort('upstream-reset', error),
      onClosed: () => finish('upstream', down, up),
    })
    if (signal?.aborted) abort('cut')
    else signal?.addEventListener('abort', onCut)

    function directionEnded(side: 'client-closed' | 'upstream-closed'): void {
      if (settled) return
      firstToEnd ??= side
      bytesAtFirstEnd ??= up.bytes + down.bytes
      if (up.state === 'flushed' && down.state === 'flushed') settle(firstToEnd)
    }

    /**
     * What `side` has said before it closed is passed on for as long as the other one reads. It asks for no
     * more "without error" (RFC 9113 §8.1), so this is an end in order where nothing was sent in vain.
     */
    function finish(side: 'client' | 'upstream', last: Direction, dead: Direction): void {
      if (settled) return
      // Whoever went on after that end has sent what nobody has taken.
      const wentOn = last.state === 'flushed' && up.bytes + down.bytes !== bytesAtFirstEnd
      if (wentOn) return abort(`${side}-reset`)
      dead.drop()
      let passedOn = last.passedOn()
      const look = setInterval(() => {
        if (last.passedOn() === passedOn) abort(`${side}-reset`)
        passedOn = last.passedOn()
      }, options.lookIntervalMs ?? defaultLookIntervalMs).unref()
      stopLooking.push(() => clearInterval(look))
      last.onFlushed(() => {
        if (settled) return
        settle(dead.hasLost ? `${side}-reset` : `${side}-closed`)
        // Not a reset: what the system has not sent yet would go with it.
        client.destroy()
        upstream.destroy()
      })
    }

    function abort(cause: RelayCause, error?: Error): void {
      if (settled) return
      settle(cause, error)
      // Without an error of its own an HTTP/2 stream would be closed with NO_ERROR: an orderly end.
      const reason = error ?? new Error(`tunnel ended: ${cause}`)
      abandon(client, reason)
      abandon(upstream, reason)
    }

    function settle(cause: RelayCause, error?: Error): void {
      settled = true
      for (const stop of stopLooking) stop()
      idle?.stop()
      signal?.removeEventListener('abort', onCut)
      const bytes = { bytesUp: up.bytes, bytesDown: down.bytes }
      resolve(error === undefined ? { cause, ...bytes } : { cause, ...bytes, error })
    }
  })
}

/** One direction. `ended`: the source's FIN has come; `flushed`: it has been passed on as well. */
interface Direction {
  readonly source: Duplex
  bytes: number
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

function copy(source: Duplex, sink: Duplex, touch: () => void, onEnd: () => void): Direction {
  let tellFlushed = onEnd
  const direction: Direction = {
    source,
    bytes: 0,
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
    passedOn: () => direction.bytes - sink.writableLength,
    drop() {
      source.off('data', pass).on('data', () => (direction.hasLost = true))
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
  const pass = (chunk: Buffer): void => {
    direction.bytes += chunk.length
    touch()
    if (chunk.length >= minGatheredBytes && chunk.length <= maxGatheredBytes) gather()
    if (!sink.write(chunk)) source.pause()
  }
  source.on('data', pass)
  sink.on('drain', () => {
    touch()
    source.resume()
  })
  const passEnd = (): void => {
    // An aborted HTTP/2 stream ends its readable side too; that must not become a FIN.
    if (isHttp2(source) && isAborted(source) && !direction.isWhole) return
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

interface Losses {
  readonly onLost: (error?: Error) => void
  /** It has said all, and takes no more. */
  readonly onClosed: () => void
}

/** Reports a stream that is lost before both its directions have ended. */
function watch(
  stream: Duplex,
  incoming: Direction,
  outgoing: Direction,
  { onLost, onClosed }: Losses,
): void {
  let failure: Error | undefined
  stream.on('error', (error: Error) => {
    failure = error
    onLost(error)
  })
  stream.on('close', () => {
    if (incoming.isWhole && incoming.state !== 'open') return
    // An outgoing direction whose source has not ended was ended by the stream's own loss.
    const isComplete = incoming.state !== 'open' && outgoing.state !== 'open' && hasSentAll(stream)
    if (isComplete) outgoing.flushed()
    else onLost(failure)
  })
  if (isHttp2(stream)) {
    onPeerReset(stream, {
      onReset: () => onLost(),
      onClose() {
        // Now: its `end` may be the next event, and what waits is forgotten with the stream.
        incoming.isWhole = true
        outgoing.hasLost = stream.writableLength > 0
        process.nextTick(onClosed)
      },
    })
  }
  if (stream.destroyed) onLost(stream.errored ?? undefined)
}

/**
 * Whether a closed stream has passed on all that was written to it. An HTTP/2 stream may close before
 * it emits `finish`: nghttp2 closes it as soon as END_STREAM is on its way, with code 0 (NO_ERROR).
 */
function hasSentAll(stream: Duplex): boolean {
  const { writableFinished, writableEnded } = stream
  return writableFinished || (isHttp2(stream) && stream.rstCode === 0 && writableEnded)
}

/** Ends a stream so that its peer learns, where the transport can say it, that this is no orderly end. */
export function abandon(stream: Duplex, reason: Error): void {
  if (stream.destroyed) return
  const beneath = stream instanceof TLSSocket ? connectionBeneath(stream) : undefined
  if (beneath?.mayReset === true) resetConnection(stream, beneath.connection)
  else if (stream instanceof TLSSocket) endInOrder(stream)
  // A Unix socket has no reset (Node throws), and no address to tell it by.
  else if (stream instanceof Socket && stream.remoteAddress) resetConnection(stream, stream)
  else stream.destroy(reason)
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
function endInOrder(socket: TLSSocket): void {
  socket.removeAllListeners('data').removeAllListeners('drain').resume()
  socket.end()
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer))
}

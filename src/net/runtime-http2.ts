// Where Bun's HTTP/2 differs from Node's, on which Postern was made: what a stream's end is, and what credit it has. Each
// difference stands here, as those of `runtime.ts` do. Paths are those of Bun's repository, release 1.4.5.
import type { Http2Session, Http2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { isBun } from '../is-bun.ts'

/**
 * Lets a session of HTTP/2 begin on a connection whose handshake has chosen another name for it than `h2`, or
 * none. Answers the connection. Node's client asks for no name, and its server for any; Bun's client ends a connection
 * that has another (`#onConnect` of src/js/node/http2.ts).
 */
export function carryingHttp2<T extends Socket>(socket: T): T {
  if (isBun) Object.defineProperty(socket, 'alpnProtocol', { value: 'h2', configurable: true })
  return socket
}

/**
 * Has a session that is destroyed end none of its streams in order. Bun writes an END_STREAM for each that was not ended
 * on our side, before the connection ends (`destroyStreamForSessionDestroy` of src/js/node/http2.ts): what was cut off
 * would look whole to its peer.
 */
export function abortAtDestroy(session: Http2Session, streams: ReadonlySet<Http2Stream>): void {
  if (!isBun) return
  const destroy = session.destroy.bind(session)
  session.destroy = (...how): void => {
    for (const stream of streams) {
      // Whoever reads one that is over has it to its end.
      if (stream.destroyed || stream.closed) continue
      const [reason] = how
      const error =
        reason instanceof Error && stream.listenerCount('error') > 0 ? reason : undefined
      // Without a reason Node gives its streams this code, and no error.
      endNothing(stream, stream.rstCode || cancel)
      stream.destroy(error)
    }
    destroy(...how)
  }
}

/** Nothing ends a stream on the wire then, but its reset. */
function endNothing(stream: Http2Stream, code: number): void {
  Object.assign(stream, { end: () => stream, rstCode: code })
}

/**
 * Has a stream that is destroyed without an error be reset, as Node does. Bun writes an END_STREAM before that (`_destroy`
 * of src/js/node/http2.ts): what was cut off would look whole, and where no head was sent, its peer may end the whole
 * connection for it.
 */
export function resetAtDestroy(stream: Http2Stream): void {
  if (!isBun) return
  const { _destroy: destroy } = stream
  stream._destroy = (error, done): void => {
    if (!stream.writableEnded) endNothing(stream, stream.rstCode)
    destroy.call(stream, error, done)
  }
}

/**
 * Resets a stream that has no answer yet. Bun's `close` writes an END_STREAM before that, as above: the peer never hears
 * of the code, and nghttp2 ends the connection, with every tunnel on it (RFC 9113 §8.1: no DATA comes before a head).
 */
export function resetUnanswered(stream: Http2Stream, code: number): void {
  if (!isBun) return stream.close(code)
  endNothing(stream, code)
  stream.destroy()
}

/**
 * Gives credit back for what has been read, and for nothing else. At each `resume` Bun gives it back for all that waits
 * (`streamOnResume` of src/js/node/http2.ts): behind a reader that pauses after each piece, 40 MB a second came to wait.
 * Without that it goes by the stream's high-water mark, as Node does: `_read` asks for more.
 */
export function creditWhatIsRead(stream: Http2Stream): void {
  if (!isBun) return
  for (const event of ['pause', 'resume']) {
    for (const listener of stream.listeners(event)) {
      if (ownListeners.has(listener.name)) stream.off(event, listener as () => void)
    }
  }
}

const ownListeners: ReadonlySet<string> = new Set(['streamOnPause', 'streamOnResume'])

/** `NGHTTP2_CANCEL`. */
const cancel = 8
/** `NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE` and `_CLOSED`; its module is not loaded for them. */
const halfClosedRemote = 6
const closed = 7

/** The state of a stream. Bun throws where its session has forgotten it, as it does each that is over. */
function stateOf(stream: Http2Stream): number | undefined {
  try {
    return stream.state.state
  } catch {
    return closed
  }
}

/**
 * Tells whether an end that arrives on an HTTP/2 stream is an END_STREAM of its peer; to be asked in `onEnd`. It comes
 * too when the stream was reset or lost. Node has closed the stream by then.
 *
 * Bun closes it after that, and tells by the code of a reset, or its own state. What looks like an END_STREAM after ours
 * may be a reset with NO_ERROR, at which it destroys the stream in the same step (`emitStreamErrorNT` of
 * src/js/node/http2.ts): the answer comes a moment later then, and before any reader hears of the end.
 */
export function tellEndStream(stream: Http2Stream, tell: (isEndStream: boolean) => void): void {
  if (!isBun) return tell(!stream.closed)
  if (stream.destroyed || stream.closed || stream.rstCode !== 0) return tell(false)
  const state = stateOf(stream)
  if (state !== closed) return tell(state === halfClosedRemote)
  process.nextTick(() => tell(!stream.destroyed))
}

/**
 * Keeps what nobody has read of a stream that its peer has ended and then closed, with NO_ERROR (RFC 9113 §8.1). Bun
 * destroys it at once with all that waits (`emitStreamErrorNT` of src/js/node/http2.ts, which alone gives a code
 * besides the error); here it is closed, `aborted` is told as on Node, and it is destroyed when it has been read.
 */
export function keepUnread(stream: Http2Stream, isWhole: () => boolean): void {
  if (!isBun) return
  const [destroy, resume] = [stream.destroy.bind(stream), stream.resume.bind(stream)]
  // Before that it has it flow, to nobody where nobody reads yet.
  stream.resume = (): typeof stream => {
    const isHeard = stream.listenerCount('data') + stream.listenerCount('readable') > 0
    const isOver = stateOf(stream) === closed
    return isOver && !isHeard && stream.readableLength > 0 ? stream : resume()
  }
  stream.destroy = (...how: [Error?]): typeof stream => {
    const isReset = (how.length as number) === 2
    if (
      !isReset ||
      stream.rstCode !== 0 ||
      stream.destroyed ||
      stream.readableEnded ||
      !isWhole()
    ) {
      return destroy(...how)
    }
    Object.defineProperty(stream, 'closed', { value: true })
    stream.once('end', () => destroy())
    if (!stream.writableEnded) stream.emit('aborted')
    return stream
  }
}

/** Whether the END_STREAM of its peer has come, of a stream that may still be written to. */
export function isHalfClosed(stream: Http2Stream): boolean {
  return stateOf(stream) === halfClosedRemote
}

/**
 * Whether a stream of HTTP/2 goes by the credit that holds now. On Bun each gives credit back by halves of what held when
 * it began, so that with less than half of that its sender waits for ever (`RecvWindow` of
 * src/runtime/api/bun/h2/flow_control.rs; mended in https://github.com/oven-sh/bun/pull/41329, not released yet).
 *
 * It may grow there, for open streams as well, but not become less again, not even what it was: a peer on Bun sends by
 * what it had (`sendingSettings`), and is then cut off (FLOW_CONTROL_ERROR), and streams that began with more go on by
 * halves of that. What has grown once would be everybody's for as long as the connection is used.
 */
export const creditMayShrink = !isBun

/** No other program of ours says this, and what it allows nobody sends. */
const ownHeaderListBytes = 65_533

/**
 * What an end that sends says of itself in its SETTINGS. When its peer lowers the credit of streams, Bun goes on by what an
 * open one has had before; a credit below nothing (RFC 9113 §6.9.2) it does not know. The peer ends the connection for
 * what is too much, with every tunnel on it: who hears this lowers none (`keepsCredit`).
 */
export const sendingSettings = isBun ? { maxHeaderListSize: ownHeaderListBytes } : {}

/**
 * Whether the other end said that, and its connection is lost when the credit of its streams is lowered. An end on Bun is
 * lenient with what is too much of a stream that began here before that, but not of one that was asked for before it was
 * heard: that has less here than there (`RecvWindow` of src/runtime/api/bun/h2/flow_control.rs).
 */
export function keepsCredit({ remoteSettings }: Pick<Http2Session, 'remoteSettings'>): boolean {
  return remoteSettings.maxHeaderListSize === ownHeaderListBytes
}

/**
 * Gives the connection of a session that has begun so much credit. Bun takes more of it for that of all streams that
 * begin from then on, until SETTINGS say theirs again, by `restate` (`set_local_window_size` of
 * src/runtime/api/bun/h2_frame_parser.rs; mended in https://github.com/oven-sh/bun/pull/41942, not released yet).
 */
export function setConnectionCredit(
  session: { setLocalWindowSize(bytes: number): void },
  bytes: number,
  restate: () => void,
): void {
  session.setLocalWindowSize(bytes)
  if (isBun) restate()
}

/**
 * Whether the credit of a whole connection is used up, so that its peer takes nothing more of any stream. What Bun tells
 * of that credit never becomes less; what waits to be sent tells it there. That may wait for the credit of its own stream
 * as well, where a peer gives one stream less than all of them.
 */
export function isCreditUsedUp({ state }: Pick<Http2Session, 'state'>): boolean {
  return isBun ? (state.outboundQueueSize ?? 0) > 0 : state.remoteWindowSize === 0
}

/**
 * Lets a TLS stream tell what has passed on it, where it is told what it runs on. Bun counts nothing of one whose bytes its
 * HTTP/2 takes by itself: a peer would be taken for silent, and its connection for lost, and no flood would be seen. What
 * lies beneath counts what has come, and the handle of the stream what was written.
 */
export function countTraffic(stream: Socket, connection: Socket): void {
  if (!isBun) return
  let written = 0
  Object.defineProperties(stream, {
    // Bun sets what it counts of others.
    bytesRead: { get: () => connection.bytesRead, set: ignore },
    bytesWritten: {
      set: ignore,
      get() {
        const handle: unknown = Reflect.get(stream, '_handle')
        const counted: unknown = handle instanceof Object ? Reflect.get(handle, 'bytesWritten') : 0
        written = Math.max(written, Number(counted) || 0)
        return written
      },
    },
  })
}

function ignore(): void {
  // It is counted elsewhere.
}

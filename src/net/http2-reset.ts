// What an HTTP/2 peer says about the end of a CONNECT stream, and what the other side of the tunnel gets.
// RFC 9113 §8.5: END_STREAM is TCP's FIN, RST_STREAM is its RST.
//
//   the peer sends                                   the other side gets
//   END_STREAM                                       FIN; our direction goes on
//   RST_STREAM, any code, before its END_STREAM      a reset
//   RST_STREAM, NO_ERROR, after its END_STREAM,      what came, FIN, and a reset if it goes on sending:
//     while we still send or may send                TCP's close
//   RST_STREAM, another code, after its END_STREAM,
//     while we still send or may send                a reset
//   RST_STREAM after both END_STREAM                 nothing: the stream is over
//   the connection ends or is lost, streams open     a reset of each
//
// With NO_ERROR a peer that has said all asks for no more (RFC 9113 §8.1, which forbids to discard what it
// said): so does Envoy, and with it a stock Pomerium, whenever a service ends first.
//
// Before its END_STREAM no code is an orderly end: whoever closes a socket with unread bytes says no more
// than NO_ERROR or CANCEL, and edges abort with NO_ERROR (Envoy does). One case cannot be seen: both sides
// have ended, our last bytes wait for the peer's window, and it resets with NO_ERROR. Both FINs have been
// passed on by then.
import type { Http2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { onArrival } from './runtime.ts'
import { isHalfClosed, keepUnread, tellEndStream } from './runtime-http2.ts'

/** Whether a stream is one of HTTP/2. */
export function isHttp2(stream: Duplex): stream is Http2Stream {
  return 'rstCode' in stream
}

/** What has been heard of a peer's end. */
interface PeerEnd {
  /** Its END_STREAM has come, and no reset before it. */
  isWhole: boolean
  /** Its direction is over, with an END_STREAM or without. */
  isOver: boolean
  /** Called when it was over without an END_STREAM. */
  onLost: (() => void) | undefined
}

const ends = new WeakMap<Http2Stream, PeerEnd>()

/**
 * Tells an END_STREAM from a reset: to be called before anything of the peer's direction has come. Node ends
 * the readable side at an END_STREAM, and, if none ever came, when the stream closes; afterwards nothing
 * tells the one from the other.
 */
export function followEnd(stream: Http2Stream): PeerEnd {
  const known = ends.get(stream)
  if (known !== undefined) return known
  const isWhole = isHalfClosed(stream)
  const end: PeerEnd = { isWhole, isOver: isWhole, onLost: undefined }
  ends.set(stream, end)
  keepUnread(stream, () => end.isWhole)
  onArrival(stream, {
    onEnd() {
      if (end.isOver) return
      end.isOver = true
      tellEndStream(stream, (isEndStream) => {
        if (isEndStream) end.isWhole = true
        else end.onLost?.()
      })
    },
  })
  return end
}

export interface PeerResetListener {
  /** Its direction was cut off, or ours was with an error. */
  readonly onReset: () => void
  /** It has said all and takes no more. What it said may still be unread, and its `end` to come. */
  readonly onClose: () => void
}

/**
 * Calls back when the peer has reset an HTTP/2 stream before the ends of both directions, or has done so
 * already. Node says it at once only while our direction is open (`aborted`), or by `close` when the code
 * is not NO_ERROR; with NO_ERROR, a stream that nobody reads stays open, and then ends as if in order.
 */
export function onPeerReset(stream: Http2Stream, { onReset, onClose }: PeerResetListener): void {
  const end = followEnd(stream)
  // Node goes on with the stream after both, and does not expect it to be destroyed there.
  const tell = (): void => process.nextTick(onReset)
  let isTold = false
  const onAborted = (): void => {
    if (isTold) return
    isTold = true
    if (end.isWhole && stream.rstCode === 0) onClose()
    else tell()
  }
  if (stream.aborted) onAborted()
  stream.on('aborted', onAborted)
  end.onLost = tell
}

/**
 * Whether the end of an HTTP/2 stream's readable side is none in order: it was reset by its peer, or lost
 * with its connection. Node sets `aborted` only while the writable side is open: after the other
 * direction has ended, the code tells.
 */
export function isAborted(stream: Http2Stream): boolean {
  if (stream.aborted || (stream.rstCode ?? 0) !== 0) return true
  // Bun destroys a stream that is over before its reader hears of the end.
  return stream.destroyed && ends.get(stream)?.isWhole !== true
}

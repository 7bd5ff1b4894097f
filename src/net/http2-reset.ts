// What an HTTP/2 peer says about the end of a CONNECT stream, and what the other side of the tunnel gets.
// RFC 9113 §8.5: END_STREAM is TCP's FIN, RST_STREAM is its RST, whatever the code says.
//
//   the peer sends                                   the other side gets
//   END_STREAM                                       FIN; our direction goes on
//   RST_STREAM, any code, before its END_STREAM      a reset
//   RST_STREAM, any code, after its END_STREAM,
//     while we still send or may send                a reset
//   RST_STREAM after both END_STREAM                 nothing: the stream is over
//   the connection ends or is lost, streams open     a reset of each
//
// NO_ERROR and CANCEL too: whoever closes a socket with unread bytes says no more than that, and edges
// abort with NO_ERROR (Envoy does). One case cannot be seen: both sides have ended, our last bytes wait for
// the peer's window, and it resets with NO_ERROR. Both FINs have been passed on by then.
import type { Http2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'

/** `NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE`; its module is not loaded for it, `ssh` starts us each time. */
const halfClosedRemote = 6

/** Whether a stream is one of HTTP/2. */
export function isHttp2(stream: Duplex): stream is Http2Stream {
  return 'rstCode' in stream
}

/**
 * Calls back when the peer has reset an HTTP/2 stream before the ends of both directions, or has done so
 * already. Node says it at once only while our direction is open (`aborted`), or by `close` when the code
 * is not NO_ERROR; with NO_ERROR, a stream that nobody reads stays open, and then ends as if in order.
 */
export function onPeerReset(stream: Http2Stream, onReset: () => void): void {
  // Node goes on with the stream after both, and does not expect it to be destroyed there.
  const tell = (): void => process.nextTick(onReset)
  if (stream.aborted) tell()
  stream.on('aborted', tell)
  const push = stream.push.bind(stream)
  let hasEnded = stream.state.state === halfClosedRemote
  // Node ends the readable side when END_STREAM comes, and, if it never came, when the stream closes.
  stream.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk === null && !hasEnded) {
      hasEnded = true
      if (stream.closed) tell()
    }
    return push(chunk, encoding)
  }
}

/**
 * Whether the end of an HTTP/2 stream's readable side is none in order: it was reset by its peer, or lost
 * with its connection. Node sets `aborted` only while the writable side is open: after the other
 * direction has ended, the code tells.
 */
export function isAborted(stream: Http2Stream): boolean {
  return stream.aborted || stream.destroyed || (stream.rstCode ?? 0) !== 0
}

import type { Socket } from 'node:net'
import type { Http2Session, Http2Stream } from 'node:http2'
import { followEnd } from './http2-reset.ts'
import { afterFrames } from './runtime.ts'
import { abortAtDestroy, creditWhatIsRead, resetAtDestroy } from './runtime-http2.ts'

/**
 * Ends an HTTP/2 session when its peer ends the connection, which may be half-open while a session may
 * not. A stream that is complete on the wire keeps what it holds until somebody has read it; every
 * other one is aborted.
 *
 * Answers the function that must be given every stream of the session.
 */
export function endWithPeer(
  session: Http2Session,
  connection: Pick<Socket, 'once'>,
): (stream: Http2Stream) => void {
  const held = new Set<Http2Stream>()
  let isGone = false
  abortAtDestroy(session, held)
  const endWhenEmpty = (): void => {
    if (isGone && held.size === 0) afterFrames(() => session.destroy())
  }
  connection.once('end', () => {
    isGone = true
    for (const stream of held) {
      // `closed`: both END_STREAM have been seen, or one RST_STREAM; not that the bytes are read.
      if (!stream.closed) stream.destroy(new Error('the peer has ended the connection'))
    }
    endWhenEmpty()
  })
  return (stream) => {
    followEnd(stream)
    resetAtDestroy(stream)
    creditWhatIsRead(stream)
    held.add(stream)
    stream.once('close', () => {
      held.delete(stream)
      endWhenEmpty()
    })
  }
}

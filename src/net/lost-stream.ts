import type { Duplex } from 'node:stream'
import type { Direction } from './direction.ts'
import { isHttp2, onPeerReset } from './http2-reset.ts'
import { afterFrames } from './runtime.ts'

interface Losses {
  readonly onLost: (error?: Error) => void
  /** It has said all, and takes no more. */
  readonly onClosed: () => void
}

/** Reports a stream of a tunnel that is lost before both its directions have ended. */
export function watchLoss(
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
    // Not now: what nghttp2 has gathered is given to the connection after this, and is lost if whoever hears of it
    // destroys the session.
    if (isComplete) afterFrames(() => outgoing.flushed())
    else onLost(failure)
  })
  if (isHttp2(stream)) {
    onPeerReset(stream, {
      // Where it was us, this says why; its `error` comes later.
      onReset: () => onLost(stream.errored ?? undefined),
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

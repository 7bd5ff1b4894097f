import type { Http2Session, Http2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Clock } from '../../clock.ts'
import { endWithPeer } from '../../net/http2-peer-end.ts'
import { tellEndStream } from '../../net/runtime-http2.ts'
import { afterFrames, limitUnsent, onArrival } from '../../net/runtime.ts'

/**
 * How long the other side of a connection that has ended in order may take to end it too, in milliseconds.
 *
 * @limit time for the last words of a connector's connection once it has ended: it is cut
 */
const lingerMs = 5_000

/** Streams with which each may have as much waiting to be sent as Node gives it, 64 KiB. */
const manyStreams = 32
/**
 * What waits of one of many, in bytes: it has no more of the line than its part, however much waits.
 *
 * @limit bytes of one of more than 32 streams of a connector's connection that wait to be sent: whoever they are
 * from waits
 */
const maxUnsentBytes = 16 * 1024

const lost = 'the connection was lost'

/** How one connection lives and ends, at either end of it. */
export interface Life {
  readonly streams: number
  readonly isDraining: boolean
  /** The connection beneath is over, and every stream with it. */
  readonly isLost: boolean
  /** Settles once, when it is over; with the error that ended it, or nothing after an end in order. */
  readonly ended: Promise<Error | undefined>
  /** The control stream is there: the connection ends with it. */
  controlledBy(control: Http2Stream): void
  /** A stream was begun; it counts until it is closed. */
  begin(stream: Http2Stream): void
  drain(): void
  destroy(reason?: Error): void
}

/** Follows a session, and the connection that it was given. */
export function followLife(session: Http2Session, socket: Socket, clock: Clock): Life {
  const { promise: ended, resolve } = Promise.withResolvers<Error | undefined>()
  const follow = endWithPeer(session, socket)
  let control: Http2Stream | undefined
  let streams = 0
  let isDraining = false
  let isFinished = false
  let isDestroyed = false
  let failure: Error | undefined

  session.on('error', (error: Error) => (failure ??= error))
  session.once('close', () => {
    resolve(failure ?? (isFinished ? undefined : new Error(lost)))
  })

  /** Nothing is open: whichever side comes here first ends its control stream, and the other follows. */
  function finish(): void {
    if (isFinished || isDestroyed || !isDraining || streams > 0 || session.destroyed) return
    isFinished = true
    control?.end()
    session.close()
    const timer = clock.schedule(lingerMs, () => socket.destroy())
    socket.once('close', () => timer[Symbol.dispose]())
  }

  function drain(): void {
    isDraining = true
    finish()
  }

  function destroy(reason?: Error): void {
    failure ??= reason
    isDestroyed = true
    afterFrames(() => {
      // Not the reason: whoever holds a stream learns of a loss, and the connection of why.
      session.destroy()
      socket.destroy()
    })
  }

  /** Bun says the end of a connection that is destroyed, and closes its streams before it destroys the session. */
  function isLost(): boolean {
    return session.destroyed || socket.destroyed || socket.readableEnded
  }

  return {
    get streams() {
      return streams
    },
    get isLost() {
      return isLost()
    },
    get isDraining() {
      return isDraining || isDestroyed || session.closed || session.destroyed
    },
    ended,
    controlledBy(stream) {
      control = stream
      follow(stream)
      stream.on('error', ignore)
      // Whoever ends it says that nothing new is to come; a reset is no way to say that.
      onArrival(stream, {
        onEnd: () =>
          tellEndStream(stream, (isEndStream) => {
            if (isEndStream) process.nextTick(() => !stream.aborted && drain())
          }),
      })
      stream.once('close', () => {
        // It goes before its connection, whichever of them ended.
        if (!isFinished) destroy(new Error(isLost() ? lost : 'the control stream was reset'))
      })
    },
    begin(stream) {
      follow(stream)
      streams += 1
      if (streams > manyStreams) limitUnsent(stream, maxUnsentBytes)
      stream.once('close', () => {
        streams -= 1
        finish()
      })
    },
    drain,
    destroy,
  }
}

function ignore(): void {
  // Its close tells.
}

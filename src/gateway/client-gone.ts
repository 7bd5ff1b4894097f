import type { Duplex } from 'node:stream'

/** Tells whether a client is still there, until it has been answered. */
export interface ClientWatch {
  /** Aborted when the client is gone; never once the watch was stopped. */
  signal(): AbortSignal
  /** The stream is the relay's from now on; a tunnel carries nothing of its watch along. */
  stop(): void
}

const stopped = new AbortController().signal

/**
 * Watches the stream of a request that has not been answered. It has a listener for errors from here
 * on, for good: Node's own left with its parser, and a reset without one would end the process.
 */
export function watchClient(stream: Duplex): ClientWatch {
  let gone: AbortController | undefined = new AbortController()
  const onGone = (): void => gone?.abort(new Error('the client is gone'))
  stream.on('error', ignore).on('error', onGone).on('close', onGone)
  return {
    signal: () => gone?.signal ?? stopped,
    stop() {
      stream.off('error', onGone).off('close', onGone)
      gone = undefined
    },
  }
}

function ignore(): void {
  // The relay, or the signal, reports it.
}

import type { Duplex } from 'node:stream'

/** Watches whether a client is still there while it waits for its answer. */
export interface ClientWatch {
  /** Aborted when the client goes away; not any more once the watch was stopped. */
  signal(): AbortSignal
  /**
   * Ends the watch: the relay takes over the stream. Nothing of the watch stays in memory with the tunnel.
   */
  stop(): void
}

const stopped = new AbortController().signal

/**
 * Watches the stream of a request that has not been answered yet. The listener for errors that is added
 * here stays for good: Node removed its own together with its parser, and an error event without a listener
 * would end the process.
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
  // Nothing to do here: the signal, and later the relay, reports the loss.
}

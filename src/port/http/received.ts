import type { Readable } from 'node:stream'

/** What has arrived on a stream. */
export interface Received {
  /** Whether its end has come as well. */
  readonly isWhole: boolean
}

/**
 * Tells how many bytes have arrived on a stream, piece by piece and whoever reads them. A listener for
 * `data` would make the stream flow; `push` is what every source of a `Readable` calls.
 */
export function onReceived(stream: Readable, tell: (bytes: number) => void): Received {
  const push = stream.push.bind(stream)
  const received = { isWhole: false }
  stream.push = (chunk: Buffer | string | null, encoding) => {
    if (chunk === null) received.isWhole = true
    const isWanted = push(chunk, encoding)
    if (chunk !== null) tell(chunk.length)
    return isWanted
  }
  return received
}

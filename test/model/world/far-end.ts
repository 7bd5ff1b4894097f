import { duplexPair, type Duplex } from 'node:stream'

/** What somebody at the far end of a stream of the gateway's reads, and can write. */
export interface FarEnd {
  readonly stream: Duplex
  /** What has come since this was asked last, in order. */
  readonly take: () => string
  /** How many bytes have come. */
  readonly size: () => number
  /** Whether there is nobody to write to any more. */
  readonly isOver: () => boolean
  say(text: string): void
}

/** A stream of the gateway's, and its far end; neither has a socket. */
export function makeStream(): { readonly near: Duplex; readonly far: FarEnd } {
  const [near, stream] = duplexPair()
  // By itself such a pair shows a loss without an error as an end in order, and takes bytes ever after.
  near.once('close', () => stream.destroy())
  stream.once('close', () => near.destroy())
  return { near, far: farEndOf(stream) }
}

export function farEndOf(stream: Duplex): FarEnd {
  let chunks: Buffer[] = []
  let size = 0
  stream.on('error', () => undefined)
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
  })
  return {
    stream,
    take() {
      const text = Buffer.concat(chunks).toString('latin1')
      chunks = []
      return text
    },
    size: () => size,
    isOver: () => stream.destroyed,
    say(text) {
      if (!stream.destroyed && !stream.writableEnded) stream.write(text, 'latin1')
    },
  }
}

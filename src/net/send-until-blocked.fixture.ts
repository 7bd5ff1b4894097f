import { once } from 'node:events'
import type { Duplex } from 'node:stream'

/**
 * What a stopped reader lets through: kernel buffers of a few loopback connections and the streams' own; far
 * below what `sendUntilBlocked` would send.
 */
export const maxInFlightBytes = 48 * 1024 * 1024
const totalToSendBytes = 96 * 1024 * 1024

/** Writes until nothing more is taken for a while; the stream's own buffer is drained by the reader later. */
export async function sendUntilBlocked(
  stream: Duplex,
  chunk: Buffer = Buffer.alloc(64 * 1024),
): Promise<number> {
  let sentBytes = 0
  while (sentBytes < totalToSendBytes) {
    sentBytes += chunk.length
    if (stream.write(chunk)) continue
    const blocked = AbortSignal.timeout(300)
    const drained = await once(stream, 'drain', { signal: blocked }).catch(() => undefined)
    if (drained === undefined) break
  }
  return sentBytes
}

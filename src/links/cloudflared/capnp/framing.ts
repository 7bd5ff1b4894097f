// How Cap'n Proto messages stand one behind the other on a stream: the number of segments less one, the words
// of each, padding to a word, the segments. Little-endian; a word is 8 bytes.
// https://capnproto.org/encoding.html#serialization-over-a-stream
import { PeerError } from '../../../errors.ts'
import { gatherBytes } from '../../../net/gathered-bytes.ts'

export const wordBytes = 8

/**
 * Segments of one message. cloudflared sends one, or two around a long configuration.
 *
 * @limit segments of one message of a stock connector: its connection is ended
 */
const maxSegments = 16

/** Splits what arrives into messages, whatever pieces it comes in. */
export interface Deframer {
  /**
   * The messages that are whole now, each as its segments.
   *
   * @throws PeerError `malformed-message`, before the memory that it asks for is spent
   */
  push(chunk: Buffer): readonly (readonly Buffer[])[]
}

/** `maxBytes`: of one message with its head, asked at each one; more is malformed. */
export function createDeframer(maxBytes: () => number): Deframer {
  const waiting = gatherBytes()
  /** Below this nothing can be whole: what waits is not put together for each piece. */
  let neededBytes = wordBytes

  function next(
    bytes: Buffer,
  ): { readonly segments: readonly Buffer[]; readonly end: number } | undefined {
    neededBytes = wordBytes
    if (bytes.length < neededBytes) return undefined
    const count = bytes.readUInt32LE(0) + 1
    if (count > maxSegments) throw malformed(`${count} segments`)
    const headBytes = Math.ceil((4 + 4 * count) / wordBytes) * wordBytes
    neededBytes = headBytes
    if (bytes.length < neededBytes) return undefined
    const sizes = Array.from({ length: count }, (_, i) => bytes.readUInt32LE(4 + 4 * i) * wordBytes)
    neededBytes += sizes.reduce((sum, size) => sum + size, 0)
    if (neededBytes > maxBytes()) throw malformed(`${neededBytes} bytes`)
    if (bytes.length < neededBytes) return undefined
    let at = headBytes
    const segments = sizes.map((size) => bytes.subarray(at, (at += size)))
    return { segments, end: at }
  }

  return {
    push(chunk) {
      waiting.add(chunk)
      if (waiting.length < neededBytes) return []
      let rest = waiting.take()
      const messages: (readonly Buffer[])[] = []
      for (let found = next(rest); found !== undefined; found = next(rest)) {
        messages.push(found.segments)
        rest = rest.subarray(found.end)
      }
      if (rest.length > 0) waiting.add(rest)
      return messages
    },
  }
}

/** One message of one segment. */
export function frame(segment: Buffer): Buffer {
  const head = Buffer.alloc(wordBytes)
  head.writeUInt32LE(segment.length / wordBytes, 4)
  return Buffer.concat([head, segment])
}

export function malformed(what: string): PeerError {
  return new PeerError('malformed-message', `a Cap'n Proto message is malformed: ${what}`)
}

import { createFrameDecoder, encodeBytes, encodePong } from './web-socket-frames.ts'

/** In what the bytes of one stream are wrapped. */
export interface ByteCodec {
  encode(bytes: Buffer): Buffer
  /** @throws PeerError `malformed-frame` */
  decode(chunk: Buffer): Decoded
}

export interface Decoded {
  readonly bytes: readonly Buffer[]
  /** What is owed for it. */
  readonly reply: Buffer | undefined
  /** The other side says no more. */
  readonly isOver: boolean
}

/** Bytes as they are. */
export const rawCodec: ByteCodec = {
  encode: (bytes) => bytes,
  decode: (chunk) => ({ bytes: [chunk], reply: undefined, isOver: false }),
}

/** A client's side of a WebSocket. */
export function webSocketCodec(): ByteCodec {
  const decoder = createFrameDecoder()
  return {
    encode: encodeBytes,
    decode(chunk) {
      const events = decoder.push(chunk)
      // RFC 6455 §5.5.3: of several pings only the last one need be answered.
      const ping = events.findLast((event) => event.kind === 'ping')
      return {
        bytes: joined(events.flatMap((event) => (event.kind === 'bytes' ? [event.bytes] : []))),
        reply: ping && encodePong(ping.payload),
        isOver: events.some(({ kind }) => kind === 'close'),
      }
    },
  }
}

/** From so many messages in what was read at once they are small, and copied sooner than handed over one by one. */
const manyMessages = 8

/** A message for each byte must not become a piece for each: each takes hundreds of bytes until somebody reads it. */
function joined(parts: readonly Buffer[]): readonly Buffer[] {
  return parts.length < manyMessages ? parts : [Buffer.concat(parts)]
}

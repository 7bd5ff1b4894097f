// Frames of a WebSocket (RFC 6455 §5) for a stream of bytes, whose messages mean nothing: payload is passed on as it
// comes, so that no message, however long, is ever held.
import { randomFillSync } from 'node:crypto'
import { PeerError } from '../../errors.ts'
import { websocketMask } from '../../tunnel/websocket-mask.ts'

/**
 * Payload of one message to a stock connector, in bytes; it throws away what one has beyond that.
 *
 * @limit bytes of one message to a stock connector: they are split
 */
export const maxFrameBytes = 16 * 1024

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const
/** @limit bytes of a control frame of a stock connector (RFC 6455 §5.5): the tunnel is reset */
const maxControlBytes = 125

/** What has come. */
export type FrameEvent =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'ping'; readonly payload: Buffer }
  | { readonly kind: 'close' }

/** Reads the frames of a server, whatever pieces they come in. */
export interface FrameDecoder {
  /** @throws PeerError `malformed-frame` */
  push(chunk: Buffer): readonly FrameEvent[]
}

interface Frame {
  readonly opcode: number
  leftBytes: number
}

export function createFrameDecoder(): FrameDecoder {
  let head: Buffer = Buffer.alloc(0)
  let frame: Frame | undefined
  let control: Buffer[] = []

  /** Takes what it can of a chunk, and answers the rest. */
  function take(chunk: Buffer, events: FrameEvent[]): Buffer {
    if (frame === undefined) {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk])
      const found = readHead(head)
      if (found === undefined) return head.subarray(head.length)
      frame = { opcode: found.opcode, leftBytes: found.length }
      const rest = head.subarray(found.headBytes)
      head = Buffer.alloc(0)
      chunk = rest
    }
    const part = chunk.subarray(0, frame.leftBytes)
    frame.leftBytes -= part.length
    if (frame.opcode < opcodes.close) {
      if (part.length > 0) events.push({ kind: 'bytes', bytes: part })
    } else control.push(part)
    if (frame.leftBytes === 0) {
      if (frame.opcode >= opcodes.close) endControl(frame.opcode, events)
      frame = undefined
    }
    return chunk.subarray(part.length)
  }

  function endControl(opcode: number, events: FrameEvent[]): void {
    const payload = Buffer.concat(control)
    control = []
    if (opcode === opcodes.ping) events.push({ kind: 'ping', payload })
    else if (opcode === opcodes.close) events.push({ kind: 'close' })
  }

  return {
    push(chunk) {
      const events: FrameEvent[] = []
      for (let rest = chunk; rest.length > 0;) rest = take(rest, events)
      return events
    },
  }
}

interface FrameHead {
  readonly opcode: number
  readonly length: number
  readonly headBytes: number
}

/** Undefined while it has not all come. */
function readHead(bytes: Buffer): FrameHead | undefined {
  if (bytes.length < 2) return undefined
  const [first, second] = [bytes.readUInt8(0), bytes.readUInt8(1)]
  const opcode = first & 0x0f
  const short = second & 0x7f
  checkHead(first, second)
  if (short < 126) return { opcode, length: short, headBytes: 2 }
  const headBytes = short === 126 ? 4 : 10
  if (bytes.length < headBytes) return undefined
  const length = short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
  if (length > Number.MAX_SAFE_INTEGER) throw malformed('a frame has no end')
  return { opcode, length, headBytes }
}

/** @see https://www.rfc-editor.org/rfc/rfc6455#section-5.2 */
function checkHead(first: number, second: number): void {
  const opcode = first & 0x0f
  const isControl = opcode >= opcodes.close
  if ((first & 0x70) !== 0) throw malformed('a frame has an extension that nobody asked for')
  if ((second & 0x80) !== 0) throw malformed('a frame of a server is masked')
  if (opcode > opcodes.pong || (opcode > opcodes.binary && !isControl)) {
    throw malformed(`a frame has the unknown opcode ${opcode}`)
  }
  if (!isControl) return
  if ((first & 0x80) === 0) throw malformed('a control frame is in pieces')
  if ((second & 0x7f) > maxControlBytes) throw malformed('a control frame is too long')
}

function malformed(what: string): PeerError {
  return new PeerError(
    'malformed-frame',
    `a stock connector breaks the WebSocket protocol: ${what}`,
  )
}

/** Masked binary messages of at most `maxFrameBytes`, one behind the other. */
export function encodeBytes(bytes: Buffer): Buffer {
  const frames = Math.ceil(bytes.length / maxFrameBytes)
  const output = Buffer.allocUnsafe(bytes.length + frames * 8)
  let at = 0
  for (let from = 0; from < bytes.length; from += maxFrameBytes) {
    at = writeFrame(output, at, opcodes.binary, bytes.subarray(from, from + maxFrameBytes))
  }
  return output.subarray(0, at)
}

/** Answers a ping with what it said. */
export function encodePong(payload: Buffer): Buffer {
  const output = Buffer.allocUnsafe(payload.length + 8)
  return output.subarray(0, writeFrame(output, 0, opcodes.pong, payload))
}

/** RFC 6455 §5.3: what a client sends is masked with what nobody can foresee. Answers where it ends. */
function writeFrame(output: Buffer, at: number, opcode: number, payload: Buffer): number {
  output[at] = 0x80 | opcode
  let next = at + 2
  if (payload.length < 126) output[at + 1] = 0x80 | payload.length
  else {
    output[at + 1] = 0x80 | 126
    next = output.writeUInt16BE(payload.length, next)
  }
  const mask = randomFillSync(output.subarray(next, next + 4))
  websocketMask(payload, mask, output, next + 4, payload.length)
  return next + 4 + payload.length
}

// RFC 6455 §5 for streams of bytes: messages mean nothing here, whether text or binary, whole or in
// fragments. What comes is passed on payload by payload as it arrives, so that a message of any length takes
// no memory; `ws` holds each message until it is whole.
import { hash } from 'node:crypto'
import { PeerError } from '../errors.ts'
import { websocketUnmask } from './websocket-mask.ts'

/** RFC 6455 §5.2. */
const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/**
 * Longest payload of a control frame, in bytes (RFC 6455 §5.5).
 *
 * @limit a control frame of a WebSocket that carries plain bytes: the tunnel is aborted
 */
const maxControlBytes = 125

/** What a piece of input says. */
export type FramePart =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'ping' | 'pong' | 'close'; readonly payload: Buffer }

export interface FrameReader {
  /**
   * Reads what comes next, whichever way it was split. Unmasks within the chunk, and answers parts of it.
   *
   * @throws PeerError `malformed-frame`
   */
  read(chunk: Buffer): readonly FramePart[]
}

interface Frame {
  readonly opcode: number
  readonly mask: Buffer | undefined
  left: number
  /** Bytes of the payload so far. */
  at: number
}

/** Reads the frames of one side: of a client, which must mask them (RFC 6455 §5.1), or of a server, which must not. */
export function createFrameReader({ isMasked }: { readonly isMasked: boolean }): FrameReader {
  let head = Buffer.alloc(0)
  let frame: Frame | undefined
  let control = Buffer.alloc(0)
  let isWithinMessage = false

  function begin(found: Head): Frame {
    const { opcode, isFinal, length, mask } = found
    if (opcode < opcodes.close) {
      if ((opcode === opcodes.continuation) !== isWithinMessage) throw malformed('out of turn')
      isWithinMessage = !isFinal
    } else if (!isFinal || length > maxControlBytes) throw malformed('of a control in parts')
    control = Buffer.alloc(0)
    return { opcode, mask, left: length, at: 0 }
  }

  function take(current: Frame, chunk: Buffer): FramePart | undefined {
    const bytes = chunk.subarray(0, current.left)
    if (current.mask !== undefined) websocketUnmask(bytes, turned(current.mask, current.at))
    current.left -= bytes.length
    current.at += bytes.length
    if (current.left === 0) frame = undefined
    if (current.opcode < opcodes.close) {
      return bytes.length === 0 ? undefined : { kind: 'bytes', bytes }
    }
    control = Buffer.concat([control, bytes])
    return frame === undefined ? { kind: controlKind(current.opcode), payload: control } : undefined
  }

  return {
    read(chunk) {
      const parts: FramePart[] = []
      let rest = head.length === 0 ? chunk : Buffer.concat([head, chunk])
      head = Buffer.alloc(0)
      for (;;) {
        if (frame === undefined) {
          const found = decodeHead(rest, isMasked)
          if (found === undefined) break
          rest = rest.subarray(found.bytes)
          frame = begin(found)
        }
        if (rest.length === 0 && frame.left > 0) break
        const { left } = frame
        const part = take(frame, rest)
        rest = rest.subarray(left)
        if (part !== undefined) parts.push(part)
      }
      head = Buffer.from(rest)
      return joined(parts)
    },
  }
}

/** A message for each byte must not become a write for each. */
function joined(parts: readonly FramePart[]): readonly FramePart[] {
  if (parts.length < 2) return parts
  const result: FramePart[] = []
  let run: Buffer[] = []
  const flush = (): void => {
    if (run.length > 0) result.push({ kind: 'bytes', bytes: Buffer.concat(run) })
    run = []
  }
  for (const part of parts) {
    if (part.kind === 'bytes') run.push(part.bytes)
    else {
      flush()
      result.push(part)
    }
  }
  flush()
  return result
}

interface Head {
  readonly opcode: number
  readonly isFinal: boolean
  readonly length: number
  readonly mask: Buffer | undefined
  /** How long the head itself is. */
  readonly bytes: number
}

/** Undefined while it is not all there. */
function decodeHead(from: Buffer, isMasked: boolean): Head | undefined {
  const [first, second] = from
  if (first === undefined || second === undefined) return undefined
  const opcode = first & 0x0f
  if ((first & 0x70) !== 0) throw malformed('of an extension')
  if (opcode > opcodes.pong || (opcode > opcodes.binary && opcode < opcodes.close)) {
    throw malformed(`of the unknown kind ${opcode}`)
  }
  if (((second & 0x80) !== 0) !== isMasked)
    throw malformed(isMasked ? 'without mask' : 'with a mask')
  const short = second & 0x7f
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
  const bytes = 2 + lengthBytes + (isMasked ? 4 : 0)
  if (from.length < bytes) return undefined
  const length = lengthBytes === 0 ? short : readLength(from.subarray(2, 2 + lengthBytes))
  const mask = isMasked ? Buffer.from(from.subarray(bytes - 4, bytes)) : undefined
  return { opcode, isFinal: (first & 0x80) !== 0, length, mask, bytes }
}

function readLength(field: Buffer): number {
  const length = field.length === 2 ? field.readUInt16BE() : Number(field.readBigUInt64BE())
  // RFC 6455 §5.2: the most significant bit is 0.
  if (length >= 2 ** 63) throw malformed('of an impossible length')
  return length
}

/** The mask as it applies from the byte `at` of a payload on. */
function turned(mask: Buffer, at: number): Buffer {
  const by = at % 4
  return by === 0 ? mask : Buffer.concat([mask.subarray(by), mask.subarray(0, by)])
}

function controlKind(opcode: number): 'ping' | 'pong' | 'close' {
  if (opcode === opcodes.close) return 'close'
  return opcode === opcodes.ping ? 'ping' : 'pong'
}

/**
 * The head of a whole frame. With `mask`, four bytes that nobody can foresee, its payload is to be masked
 * (RFC 6455 §5.3).
 */
export function encodeFrameHead(
  kind: 'binary' | 'close' | 'ping' | 'pong',
  length: number,
  mask?: Buffer,
): Buffer {
  const masked = mask === undefined ? 0 : 0x80
  const first = 0x80 | opcodes[kind]
  if (length < 126) return Buffer.from([first, masked | length, ...(mask ?? [])])
  if (length > 0xff_ff) throw new TypeError('a frame of more than 65535 bytes')
  return Buffer.from([first, masked | 126, length >> 8, length & 0xff, ...(mask ?? [])])
}

/** The payload of a close (RFC 6455 §5.5.1). */
export function encodeClose(code: number, text = ''): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(text))
  payload.writeUInt16BE(code)
  payload.write(text, 2)
  return payload.subarray(0, maxControlBytes)
}

/** What a server answers to the key of a handshake (RFC 6455 §4.2.2). */
export function acceptOf(key: string): string {
  return hash('sha1', `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, 'base64')
}

function malformed(what: string): PeerError {
  return new PeerError('malformed-frame', `a WebSocket frame ${what}`)
}

// Reads Cap'n Proto's structs, text, data and lists of text; what else there is, nobody here asks for.
// https://capnproto.org/encoding.html
import { malformed, wordBytes } from './framing.ts'

/**
 * Words that may be read from one message, of those that it has: a pointer costs nothing, and a thousand of
 * them may lead to one long text.
 *
 * @limit times that a message of a stock connector may lead to its own bytes: its connection is ended
 */
const maxVisits = 2

/** A struct of a message. Fields beyond what its writer knew are 0, as the encoding has it. */
export interface StructReader {
  bit(index: number): boolean
  u8(byte: number): number
  u16(byte: number): number
  u32(byte: number): number
  u64(byte: number): bigint
  /** @throws PeerError `malformed-message`, as all that follow */
  struct(pointer: number): StructReader
  data(pointer: number): Buffer
  text(pointer: number): string
  texts(pointer: number): readonly string[]
}

interface Message {
  readonly segments: readonly Buffer[]
  wordsLeft: number
}

/** A pointer whose target was found: its two halves, and where what it leads to begins. */
interface Target {
  readonly segment: Buffer
  /** In bytes. */
  readonly at: number
  readonly low: number
  readonly high: number
}

const kinds = { struct: 0, list: 1, far: 2 } as const
const elements = { byte: 2, pointer: 6 } as const

/**
 * The root of a message. How deep it goes is up to whoever asks: only what is asked for is followed.
 *
 * @throws PeerError `malformed-message`
 */
export function readMessage(segments: readonly Buffer[]): StructReader {
  const words = segments.reduce((sum, { length }) => sum + length / wordBytes, 0)
  const message = { segments, wordsLeft: words * maxVisits }
  const [first] = segments
  if (first === undefined || first.length < wordBytes) throw malformed('no root')
  return structAt(message, follow(message, first, 0))
}

function structAt(message: Message, target: Target | undefined): StructReader {
  if (target === undefined) return emptyStruct
  if ((target.low & 3) !== kinds.struct) throw malformed('a struct was expected')
  const [dataWords, pointers] = [target.high & 0xffff, target.high >>> 16]
  const body = take(message, target, dataWords + pointers)
  return createStruct(message, target.segment, body, dataWords * wordBytes, pointers)
}

function createStruct(
  message: Message,
  segment: Buffer,
  body: Buffer,
  dataBytes: number,
  pointers: number,
): StructReader {
  const data = body.subarray(0, dataBytes)
  const start = body.byteOffset - segment.byteOffset + dataBytes
  const target = (pointer: number): Target | undefined =>
    pointer < pointers ? follow(message, segment, start + pointer * wordBytes) : undefined
  const has = (byte: number, length: number): boolean => byte + length <= data.length
  const reader: StructReader = {
    bit: (index) => ((data[index >>> 3] ?? 0) & (1 << (index & 7))) !== 0,
    u8: (byte) => data[byte] ?? 0,
    u16: (byte) => (has(byte, 2) ? data.readUInt16LE(byte) : 0),
    u32: (byte) => (has(byte, 4) ? data.readUInt32LE(byte) : 0),
    u64: (byte) => (has(byte, 8) ? data.readBigUInt64LE(byte) : 0n),
    struct: (pointer) => structAt(message, target(pointer)),
    data: (pointer) => bytesAt(message, target(pointer)),
    text: (pointer) => textOf(bytesAt(message, target(pointer))),
    texts: (pointer) => textsAt(message, target(pointer)),
  }
  return reader
}

const emptyStruct: StructReader = createStruct(
  { segments: [], wordsLeft: 0 },
  Buffer.alloc(0),
  Buffer.alloc(0),
  0,
  0,
)

function bytesAt(message: Message, target: Target | undefined): Buffer {
  if (target === undefined) return Buffer.alloc(0)
  const { count } = list(target, elements.byte)
  return take(message, target, Math.ceil(count / wordBytes)).subarray(0, count)
}

/** Text ends with a zero byte that is not part of it. */
function textOf(bytes: Buffer): string {
  if (bytes.length === 0) return ''
  if (bytes.at(-1) !== 0) throw malformed('a text without its end')
  return bytes.toString('utf8', 0, bytes.length - 1)
}

function textsAt(message: Message, target: Target | undefined): readonly string[] {
  if (target === undefined) return []
  const { count } = list(target, elements.pointer)
  take(message, target, count)
  return Array.from({ length: count }, (_, i) =>
    textOf(bytesAt(message, follow(message, target.segment, target.at + i * wordBytes))),
  )
}

function list({ low, high }: Target, element: number): { readonly count: number } {
  if ((low & 3) !== kinds.list || (high & 7) !== element)
    throw malformed('another list was expected')
  return { count: high >>> 3 }
}

/** What a target takes up, when it lies in its segment and the message's budget allows to read it. */
function take(message: Message, { segment, at }: Target, words: number): Buffer {
  const end = at + words * wordBytes
  if (at < 0 || end > segment.length) throw malformed('a pointer leads out of its segment')
  // Even an empty one costs a word: a list may have a great many.
  message.wordsLeft -= Math.max(words, 1)
  if (message.wordsLeft < 0) throw malformed('its pointers lead to the same bytes again and again')
  return segment.subarray(at, end)
}

/** Undefined for the null pointer. */
function follow(message: Message, segment: Buffer, at: number): Target | undefined {
  const { low, high } = halves(segment, at)
  if (low === 0 && high === 0) return undefined
  if ((low & 3) !== kinds.far) {
    return { segment, at: at + wordBytes + (low >> 2) * wordBytes, low, high }
  }
  return followFar(message, low, high)
}

/** A far pointer leads to a pad in another segment: a pointer, or one more far one with the target's shape. */
function followFar({ segments }: Message, low: number, high: number): Target {
  const padSegment = segments[high]
  if (padSegment === undefined) throw malformed('a far pointer leads to no segment')
  const padAt = (low >>> 3) * wordBytes
  const pad = halves(padSegment, padAt)
  const isDouble = (low & 4) !== 0
  if (!isDouble) {
    if ((pad.low & 3) === kinds.far) throw malformed('a far pointer leads to another')
    const at = padAt + wordBytes + (pad.low >> 2) * wordBytes
    return { segment: padSegment, at, ...pad }
  }
  const segment = segments[pad.high]
  if (segment === undefined || (pad.low & 7) !== kinds.far)
    throw malformed('a far pointer is broken')
  const shape = halves(padSegment, padAt + wordBytes)
  return { segment, at: (pad.low >>> 3) * wordBytes, ...shape }
}

function halves(segment: Buffer, at: number): { readonly low: number; readonly high: number } {
  if (at < 0 || at + wordBytes > segment.length)
    throw malformed('a pointer lies outside its segment')
  return { low: segment.readUInt32LE(at) | 0, high: segment.readUInt32LE(at + 4) }
}

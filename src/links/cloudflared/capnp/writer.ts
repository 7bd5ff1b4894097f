// Writes Cap'n Proto messages of one segment; what is written first stands first.
import { frame, wordBytes } from './framing.ts'

/** A struct that is being written. Its objects stand in the order in which they are asked for. */
export interface StructWriter {
  setBit(index: number): void
  setU16(byte: number, value: number): void
  setU32(byte: number, value: number): void
  struct(pointer: number, dataWords: number, pointers: number): StructWriter
  /** A list of so many structs of one shape. */
  structs(
    pointer: number,
    count: number,
    dataWords: number,
    pointers: number,
  ): readonly StructWriter[]
  data(pointer: number, bytes: Uint8Array): void
  text(pointer: number, text: string): void
  /** Capability `index` of the payload's table. */
  capability(pointer: number, index: number): void
  /** A struct without fields: its pointer must differ from null. */
  emptyStruct(pointer: number): void
}

/** A framed message; `write` fills its root. */
export function writeMessage(
  dataWords: number,
  pointers: number,
  write: (root: StructWriter) => void,
): Buffer {
  const arena = createArena()
  arena.allocate(1)
  arena.setPointer(0, structPointer(0, dataWords, pointers))
  write(createStruct(arena, arena.allocate(dataWords + pointers), dataWords))
  return frame(arena.bytes())
}

interface Arena {
  /** Answers where it begins, in words. */
  allocate(words: number): number
  setPointer(at: number, value: Pointer): void
  view(at: number, words: number): Buffer
  bytes(): Buffer
}

type Pointer = readonly [low: number, high: number]

function createArena(): Arena {
  let buffer = Buffer.alloc(64 * wordBytes)
  let usedWords = 0
  const arena: Arena = {
    allocate(words) {
      const at = usedWords
      usedWords += words
      if (usedWords * wordBytes > buffer.length) {
        buffer = Buffer.concat([buffer, Buffer.alloc(Math.max(words * wordBytes, buffer.length))])
      }
      return at
    },
    setPointer(at, [low, high]) {
      buffer.writeInt32LE(low, at * wordBytes)
      buffer.writeUInt32LE(high, at * wordBytes + 4)
    },
    view: (at, words) => buffer.subarray(at * wordBytes, (at + words) * wordBytes),
    bytes: () => buffer.subarray(0, usedWords * wordBytes),
  }
  return arena
}

function createStruct(arena: Arena, at: number, dataWords: number): StructWriter {
  // Looked up each time: the arena moves as it grows.
  const data = (): Buffer => arena.view(at, dataWords)
  /** Allocates what a pointer leads to. */
  const point = (pointer: number, words: number, make: (offset: number) => Pointer): number => {
    const from = at + dataWords + pointer
    const target = arena.allocate(words)
    arena.setPointer(from, make(target - from - 1))
    return target
  }
  const list = (pointer: number, bytes: Uint8Array, length: number): void => {
    const words = Math.ceil(length / wordBytes)
    const target = point(pointer, words, (offset) => listPointer(offset, 2, length))
    arena.view(target, words).set(bytes)
  }
  return {
    setBit(index) {
      const bytes = data()
      bytes[index >>> 3] = (bytes[index >>> 3] ?? 0) | (1 << (index & 7))
    },
    setU16: (byte, value) => void data().writeUInt16LE(value, byte),
    setU32: (byte, value) => void data().writeUInt32LE(value, byte),
    struct(pointer, words, pointers) {
      const target = point(pointer, words + pointers, (offset) =>
        structPointer(offset, words, pointers),
      )
      return createStruct(arena, target, words)
    },
    structs(pointer, count, words, pointers) {
      const size = words + pointers
      const target = point(pointer, 1 + count * size, (offset) =>
        listPointer(offset, 7, count * size),
      )
      // The tag: a struct pointer that has the number of elements for its offset.
      arena.setPointer(target, structPointer(count, words, pointers))
      return Array.from({ length: count }, (_, i) =>
        createStruct(arena, target + 1 + i * size, words),
      )
    },
    data: (pointer, bytes) => list(pointer, bytes, bytes.length),
    text(pointer, text) {
      const bytes = Buffer.from(text)
      list(pointer, bytes, bytes.length + 1)
    },
    capability: (pointer, index) => arena.setPointer(at + dataWords + pointer, [3, index]),
    emptyStruct: (pointer) => arena.setPointer(at + dataWords + pointer, structPointer(-1, 0, 0)),
  }
}

function structPointer(offset: number, dataWords: number, pointers: number): Pointer {
  return [offset << 2, dataWords + pointers * 0x1_0000]
}

function listPointer(offset: number, element: number, count: number): Pointer {
  return [(offset << 2) | 1, count * 8 + element]
}

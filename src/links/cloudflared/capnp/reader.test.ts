import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createDeframer, frame } from './framing.ts'
import { readMessage, type StructReader } from './reader.ts'
import { writeMessage } from './writer.ts'

const malformed = { code: 'malformed-message' }

test('a struct is read as it was written', () => {
  const texts = fc.string({ unit: 'grapheme', maxLength: 40 })
  const numbers = fc.tuple(fc.nat(0xffff), fc.nat(0xffff_ffff), fc.boolean())
  fc.assert(
    fc.property(texts, fc.uint8Array(), numbers, (text, data, [small, large, flag]) => {
      const written = writeMessage(2, 3, (root) => {
        root.setU16(0, small)
        root.setU32(4, large)
        if (flag) root.setBit(64)
        root.text(0, text)
        root.data(1, data)
        root.struct(2, 1, 1).setU16(2, small)
      })
      const root = read(written)
      assert.deepEqual([root.u16(0), root.u32(4), root.bit(64)], [small, large, flag])
      assert.equal(root.text(0), text)
      assert.deepEqual(root.data(1), Buffer.from(data))
      assert.equal(root.struct(2).u16(2), small)
    }),
  )
})

test('what a writer of another time did not know is nothing', () => {
  const root = read(writeMessage(0, 0, () => undefined))
  assert.deepEqual([root.u8(0), root.u16(6), root.u32(4), root.u64(8)], [0, 0, 0, 0n])
  assert.deepEqual([root.text(3), root.data(0).length, root.texts(1)], ['', 0, []])
  assert.equal(root.struct(0).struct(5).text(1), '')
})

test('pointers into other segments are followed, over one pad or two', () => {
  const text = words('6f6b00', 1)
  // Root: a struct of one pointer, which is far and leads to segment 1.
  const single = [words('0000000000000100', 1) + far(0, 1), pointer(1, 2 | (3 << 3)) + text]
  const double = [
    words('0000000000000100', 1) + far(0, 1, true),
    far(0, 2) + pointer(1, 2 | (3 << 3)),
    text,
  ]
  for (const segments of [single, double]) {
    assert.equal(readMessage(segments.map((hex) => Buffer.from(hex, 'hex'))).text(0), 'ok')
  }
})

test('pointers that lead nowhere, in circles or to the same again and again are malformed', () => {
  const root = words('0000000000000100', 1)
  const circle = [root + far(1, 0)]
  const nowhere = [root + far(0, 7)]
  const beyond = [root + pointer(1 | (100 << 2), 2 | (8 << 3))]
  const before = [root + pointer((-9 << 2) | 1, 2 | (8 << 3))]
  const huge = [root + pointer(1, 2 | (0x1fff_ffff << 3))]
  for (const segments of [circle, nowhere, beyond, before, huge]) {
    const message = readMessage(segments.map((hex) => Buffer.from(hex, 'hex')))
    assert.throws(() => message.text(0), malformed)
  }
  assert.throws(() => readMessage([]), malformed)
})

test('a list of texts that are all the same one costs what it has, not what it leads to', () => {
  const count = 1_000
  const long = 'a'.repeat(8_000)
  const message = writeMessage(0, 1, (root) => {
    // Each element is a pointer, written as data of eight bytes.
    root.structs(0, count, 0, 1).forEach((element) => element.text(0, ''))
    root.text(0, long)
  })
  assert.equal(read(message).text(0), long)
  const elements = Array.from({ length: count }, (_, i) =>
    pointer(((count - i - 1) << 2) | 1, 2 | (8_000 << 3)),
  )
  const bomb = words('0000000000000100', 1) + pointer(1, 6 | (count << 3)) + elements.join('')
  const segment = Buffer.concat([Buffer.from(bomb, 'hex'), Buffer.alloc(8_000)])
  assert.throws(() => readMessage([segment]).texts(0), malformed)
})

test('a message that is too long or in too many pieces is refused by its head', () => {
  const deframer = (): ReturnType<typeof createDeframer> => createDeframer(() => 1_024)
  const head = (count: number, size: number): Buffer => {
    const bytes = Buffer.alloc(8)
    bytes.writeUInt32LE(count - 1, 0)
    bytes.writeUInt32LE(size, 4)
    return bytes
  }
  assert.throws(() => deframer().push(head(1, 0xffff_ffff)), malformed)
  assert.throws(() => deframer().push(head(1, 128)), malformed)
  assert.throws(() => deframer().push(head(0x1_0000_0000, 1)), malformed)
  assert.throws(() => deframer().push(head(17, 1)), malformed)
  assert.equal(deframer().push(head(1, 127)).length, 0)
  assert.equal(deframer().push(frame(Buffer.alloc(8))).length, 1)
})

function read(message: Buffer): StructReader {
  const [segments] = createDeframer(() => 1024 * 1024).push(message)
  assert.ok(segments)
  return readMessage(segments)
}

function words(hex: string, count: number): string {
  return hex.padEnd(count * 16, '0')
}

function pointer(low: number, high: number): string {
  const bytes = Buffer.alloc(8)
  bytes.writeInt32LE(low, 0)
  bytes.writeUInt32LE(high >>> 0, 4)
  return bytes.toString('hex')
}

function far(word: number, segment: number, isDouble = false): string {
  return pointer((word << 3) | (isDouble ? 4 : 0) | 2, segment)
}

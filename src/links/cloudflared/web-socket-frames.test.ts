import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PeerError } from '../../errors.ts'
import { createFrameDecoder, encodeBytes, encodePong, maxFrameBytes } from './web-socket-frames.ts'

test('bytes are sent as masked binary messages that a stock connector reads whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3 * maxFrameBytes, size: 'max' }), (bytes) => {
      const frames = unmask(encodeBytes(Buffer.from(bytes)))
      assert.ok(frames.every(({ opcode, payload }) => opcode === 2 && payload.length <= 16_384))
      assert.deepEqual(Buffer.concat(frames.map(({ payload }) => payload)), Buffer.from(bytes))
    }),
    { numRuns: 50 },
  )
})

test('no two messages have the same mask, and a pong says what its ping did', () => {
  const masks = new Set([0, 1, 2].map(() => encodeBytes(Buffer.from('a')).toString('hex', 2, 6)))
  assert.ok(masks.size > 1)
  const [pong] = unmask(encodePong(Buffer.from('are you there')))
  assert.deepEqual([pong?.opcode, String(pong?.payload)], [10, 'are you there'])
})

test('what a server sends is read whatever pieces it comes in', () => {
  const parts = [
    server(2, Buffer.from('one')),
    server(9, Buffer.from('ping')),
    server(1, Buffer.alloc(300, 'b')),
    server(2, Buffer.alloc(70_000, 'c')),
    server(0, Buffer.alloc(0)),
    server(8, Buffer.alloc(2)),
  ]
  const bytes = Buffer.concat(parts)
  fc.assert(
    fc.property(fc.array(fc.nat(400), { maxLength: 30 }), (cuts) => {
      const decoder = createFrameDecoder()
      const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
      const events = at.slice(1).flatMap((end, i) => decoder.push(bytes.subarray(at[i], end)))
      const payload = events.map((event) =>
        event.kind === 'bytes' ? event.bytes : Buffer.alloc(0),
      )
      assert.equal(Buffer.concat(payload).toString(), `one${'b'.repeat(300)}${'c'.repeat(70_000)}`)
      const others = events.filter(({ kind }) => kind !== 'bytes')
      assert.deepEqual(others, [{ kind: 'ping', payload: Buffer.from('ping') }, { kind: 'close' }])
    }),
    { numRuns: 200 },
  )
})

test('what breaks the protocol is a fault of the peer', () => {
  const masked = encodeBytes(Buffer.from('a'))
  const broken = [
    masked,
    Buffer.from([0xc2, 0]),
    Buffer.from([0x83, 0]),
    Buffer.from([0x8b, 0]),
    Buffer.from([0x09, 0]),
    Buffer.from([0x89, 126, 0, 200]),
    Buffer.from([0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255]),
  ]
  for (const bytes of broken) {
    assert.throws(() => createFrameDecoder().push(bytes), { code: 'malformed-frame' })
  }
})

test('noise is read or a fault of the peer, and nothing of a long message is held', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (chunks) => {
      const decoder = createFrameDecoder()
      try {
        for (const chunk of chunks) decoder.push(Buffer.from(chunk))
      } catch (error) {
        assert.ok(error instanceof PeerError, String(error))
      }
    }),
    { numRuns: 1_000 },
  )
  const decoder = createFrameDecoder()
  decoder.push(Buffer.from([0x82, 127, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))
  for (let sent = 0; sent < 10; sent += 1) {
    assert.equal(decoder.push(Buffer.alloc(1_000)).length, 1)
  }
})

function server(opcode: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10)
  head[0] = 0x80 | opcode
  if (head.length === 2) head[1] = payload.length
  else if (head.length === 4) {
    head[1] = 126
    head.writeUInt16BE(payload.length, 2)
  } else {
    head[1] = 127
    head.writeBigUInt64BE(BigInt(payload.length), 2)
  }
  return Buffer.concat([head, payload])
}

/** The frames of a client, unmasked. */
function unmask(bytes: Buffer): { readonly opcode: number; readonly payload: Buffer }[] {
  const frames = []
  for (let at = 0; at < bytes.length;) {
    assert.equal((bytes[at + 1] ?? 0) & 0x80, 0x80)
    const short = (bytes[at + 1] ?? 0) & 0x7f
    assert.ok(short < 127)
    const length = short === 126 ? bytes.readUInt16BE(at + 2) : short
    const maskAt = at + (short === 126 ? 4 : 2)
    const mask = bytes.subarray(maskAt, maskAt + 4)
    const payload = bytes
      .subarray(maskAt + 4, maskAt + 4 + length)
      .map((byte, i) => byte ^ (mask[i & 3] ?? 0))
    frames.push({ opcode: (bytes[at] ?? 0) & 0x0f, payload: Buffer.from(payload) })
    at = maskAt + 4 + length
  }
  return frames
}

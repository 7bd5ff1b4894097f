import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { acceptOf, createFrameReader, encodeFrameHead, type FramePart } from './websocket-frames.ts'
import { websocketMask } from './websocket-mask.ts'

/** One frame as a client sends it. */
function frame(first: number, payload: Buffer, length = payload.length): Buffer {
  const mask = Buffer.from([0x1d, 0xe2, 0x5a, 0x07])
  const output = Buffer.alloc(payload.length)
  websocketMask(payload, mask, output, 0, payload.length)
  const head = Buffer.from(encodeFrameHead('binary', length, mask))
  head[0] = first
  return Buffer.concat([head, output])
}

/** What was carried, and the controls among it. */
function told(parts: readonly FramePart[]): { bytes: string; controls: readonly string[] } {
  const bytes = parts.map((part) => (part.kind === 'bytes' ? part.bytes : Buffer.alloc(0)))
  const controls = parts.flatMap((part) =>
    part.kind === 'bytes' ? [] : [`${part.kind} ${part.payload.toString()}`],
  )
  return { bytes: Buffer.concat(bytes).toString('latin1'), controls }
}

function read(wire: Buffer): ReturnType<typeof told> {
  return told(createFrameReader({ isMasked: true }).read(Buffer.from(wire)))
}

describe('frames of a WebSocket', () => {
  test('carry the bytes of any messages, however they are split', () => {
    const messages = fc.array(
      fc.record({
        bytes: fc.uint8Array({ maxLength: 400 }),
        isText: fc.boolean(),
        cuts: fc.nat(3),
      }),
    )
    const pieces = fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1 })
    fc.assert(
      fc.property(messages, pieces, (sent, sizes) => {
        const wire = Buffer.concat(
          sent.flatMap(({ bytes, isText, cuts }) => inParts(bytes, isText, cuts)),
        )
        const reader = createFrameReader({ isMasked: true })
        const parts: FramePart[] = []
        for (let at = 0, i = 0; at < wire.length; i += 1) {
          const size = sizes[i % sizes.length] ?? 1
          parts.push(...reader.read(Buffer.from(wire.subarray(at, at + size))))
          at += size
        }
        const all = Buffer.concat(sent.map(({ bytes }) => Buffer.from(bytes))).toString('latin1')
        assert.equal(told(parts).bytes, all)
      }),
    )
  })

  test('of control stand between the fragments of a message', () => {
    const wire = Buffer.concat([
      frame(0x01, Buffer.from('to')),
      frame(0x89, Buffer.from('are you there')),
      frame(0x80, Buffer.from('gether')),
      frame(0x88, Buffer.from([0x03, 0xe8])),
    ])
    const { bytes, controls } = read(wire)
    assert.equal(bytes, 'together')
    assert.deepEqual(controls, ['ping are you there', 'close \u0003\ufffd'])
  })

  test('of a message of 2^53 bytes are passed on as they come', () => {
    const reader = createFrameReader({ isMasked: true })
    const head = Buffer.from([0x82, 0xff, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    assert.deepEqual(reader.read(head), [])
    for (let i = 0; i < 100; i += 1) {
      const [part] = reader.read(Buffer.alloc(1_000, 'x'))
      assert.ok(part?.kind === 'bytes' && part.bytes.length === 1_000)
    }
  })

  test('that no client may send are refused', () => {
    const wrong: readonly (readonly [Buffer, RegExp])[] = [
      [Buffer.from([0x82, 0x01, 0x00]), /without mask/],
      [frame(0xc2, Buffer.from('x')), /of an extension/],
      [frame(0x83, Buffer.from('x')), /unknown kind 3/],
      [frame(0x8b, Buffer.from('x')), /unknown kind 11/],
      [frame(0x80, Buffer.from('x')), /out of turn/],
      [
        Buffer.concat([frame(0x02, Buffer.from('x')), frame(0x82, Buffer.from('y'))]),
        /out of turn/,
      ],
      [frame(0x09, Buffer.from('x')), /control in parts/],
      [frame(0x89, Buffer.alloc(126)), /control in parts/],
      [Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]), /impossible length/],
    ]
    for (const [wire, message] of wrong) {
      assert.throws(() => read(wire), { code: 'malformed-frame', message }, String(message))
    }
    const ofServer = createFrameReader({ isMasked: false })
    assert.throws(() => ofServer.read(frame(0x82, Buffer.from('x'))), /with a mask/)
  })

  test('answer the example of RFC 6455 §1.3', () => {
    assert.equal(acceptOf('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
  })
})

/** A message in one frame more than `cuts`. */
function inParts(bytes: Uint8Array, isText: boolean, cuts: number): readonly Buffer[] {
  const size = Math.ceil(bytes.length / (cuts + 1))
  return Array.from({ length: cuts + 1 }, (_, index) => {
    const opcode = index > 0 ? 0 : isText ? 1 : 2
    const final = index === cuts ? 0x80 : 0
    return frame(final | opcode, Buffer.from(bytes.slice(index * size, (index + 1) * size)))
  })
}

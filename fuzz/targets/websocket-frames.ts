import assert from 'node:assert/strict'

import { PeerError } from '../../src/errors.ts'
import {
  createFrameReader,
  encodeFrameHead,
  type FramePart,
} from '../../src/tunnel/websocket-frames.ts'
import { attempt } from '../own-errors.ts'
import { kindsIn } from '../kinds.ts'
import { splits } from '../pieces.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads: 'frames of a WebSocket that carries a tunnel, of a client or a gateway',
  covers: ['tunnel/websocket-frames.ts', 'tunnel/websocket-mask.ts'],
  maxBytes: 8_192,
  tokens: [
    Uint8Array.of(0x82, 0x85, 1, 2, 3, 4),
    Uint8Array.of(0x82, 0xfe, 0, 200, 9, 8, 7, 6),
    Uint8Array.of(0x02, 0x83, 1, 2, 3, 4, 5, 6, 7),
    Uint8Array.of(0x80, 0x81, 1, 2, 3, 4, 5),
    Uint8Array.of(0x89, 0x80, 0, 0, 0, 0),
    Uint8Array.of(0x88, 0x82, 0, 0, 0, 0, 3, 0xe8),
    Uint8Array.of(0x82, 0x05),
    Uint8Array.of(0x82, 0x7f, 0, 0, 0, 0, 0, 0, 1, 0),
  ],
  run(input) {
    // The first byte says who speaks.
    const isMasked = ((input[0] ?? 0) & 1) === 1
    const bytes = input.subarray(1)
    const whole = read([Buffer.from(bytes)], isMasked)
    for (const pieces of splits(bytes))
      assert.deepEqual(read(pieces, isMasked), whole, `in ${pieces.length} pieces`)
    if (whole.parts === undefined) return whole.code
    const carried = Buffer.concat(
      whole.parts.map((part) => (part.kind === 'bytes' ? part.bytes : Buffer.alloc(0))),
    )
    assert.ok(carried.length <= bytes.length)
    for (const part of whole.parts) if (part.kind !== 'bytes') assert.ok(part.payload.length <= 125)
    isReadAgain(carried)
    return kindsIn(whole.parts)
  },
}

type Read =
  | { readonly parts: readonly FramePart[]; readonly code: undefined }
  | { readonly parts: undefined; readonly code: string }

function read(pieces: readonly Buffer[], isMasked: boolean): Read {
  const reader = createFrameReader({ isMasked })
  const { value, code } = attempt(() => pieces.flatMap((piece) => reader.read(piece)), PeerError)
  return code === undefined ? { parts: joined(value), code } : { parts: undefined, code }
}

/** Bytes come in as many parts as there are pieces. */
function joined(parts: readonly FramePart[]): readonly FramePart[] {
  const result: FramePart[] = []
  for (const part of parts) {
    const last = result.at(-1)
    if (part.kind === 'bytes' && last?.kind === 'bytes')
      result[result.length - 1] = { kind: 'bytes', bytes: Buffer.concat([last.bytes, part.bytes]) }
    else result.push(part)
  }
  return result
}

function isReadAgain(carried: Buffer): void {
  const frame = Buffer.concat([encodeFrameHead('binary', carried.length), carried])
  const { parts } = read([frame], false)
  assert.deepEqual(parts, carried.length === 0 ? [] : [{ kind: 'bytes', bytes: carried }])
}

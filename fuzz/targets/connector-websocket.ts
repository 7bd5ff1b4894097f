import assert from 'node:assert/strict'

import { PeerError } from '../../src/errors.ts'
import {
  createFrameDecoder,
  type FrameEvent,
} from '../../src/links/cloudflared/web-socket-frames.ts'
import { createFrameReader } from '../../src/tunnel/websocket-frames.ts'
import { attempt } from '../own-errors.ts'
import { kindsIn } from '../kinds.ts'
import { splits } from '../pieces.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads: 'frames of a WebSocket by a stock connector, which is its server',
  covers: ['links/cloudflared/web-socket-frames.ts'],
  maxBytes: 8_192,
  tokens: [
    Uint8Array.of(0x82, 0x03, 1, 2, 3),
    Uint8Array.of(0x82, 0x7e, 0, 200),
    Uint8Array.of(0x82, 0x7f, 0, 0, 0, 0, 0, 0, 0, 3),
    Uint8Array.of(0x89, 0x02, 1, 2),
    Uint8Array.of(0x88, 0x02, 3, 0xe8),
    Uint8Array.of(0x02, 0x01, 7, 0x80, 0x01, 8),
  ],
  run(input) {
    const whole = read([Buffer.from(input)])
    for (const pieces of splits(input))
      assert.deepEqual(read(pieces), whole, `in ${pieces.length} pieces`)
    if (whole.code !== undefined) return whole.code
    const carried = bytesOf(whole.events)
    agreesWithOther(input, carried)
    return kindsIn(whole.events)
  },
}

type Read =
  | { readonly events: readonly FrameEvent[]; readonly code: undefined }
  | { readonly events: undefined; readonly code: string }

function read(pieces: readonly Buffer[]): Read {
  const decoder = createFrameDecoder()
  const { value, code } = attempt(() => pieces.flatMap((piece) => decoder.push(piece)), PeerError)
  return code === undefined ? { events: joined(value), code } : { events: undefined, code }
}

function joined(events: readonly FrameEvent[]): readonly FrameEvent[] {
  const result: FrameEvent[] = []
  for (const event of events) {
    const last = result.at(-1)
    if (event.kind === 'bytes' && last?.kind === 'bytes')
      result[result.length - 1] = { kind: 'bytes', bytes: Buffer.concat([last.bytes, event.bytes]) }
    else result.push(event)
  }
  return result
}

function bytesOf(events: readonly FrameEvent[]): Buffer {
  return Buffer.concat(
    events.map((event) => (event.kind === 'bytes' ? event.bytes : Buffer.alloc(0))),
  )
}

/** Clients of ours read such frames by another reader, which is stricter: what it takes, it reads alike. */
function agreesWithOther(input: Buffer, carried: Buffer): void {
  const other = createFrameReader({ isMasked: false })
  const { value } = attempt(() => other.read(Buffer.from(input)), PeerError)
  if (value === undefined) return
  const bytes = value.map((part) => (part.kind === 'bytes' ? part.bytes : Buffer.alloc(0)))
  assert.deepEqual(Buffer.concat(bytes), carried)
}

import assert from 'node:assert/strict'

import { PeerError } from '../../src/errors.ts'
import { createDeframer } from '../../src/links/cloudflared/capnp/framing.ts'
import {
  readLocalConfiguration,
  readRegistration,
} from '../../src/links/cloudflared/registration.ts'
import { decodeRpc } from '../../src/links/cloudflared/rpc.ts'
import { attempt } from '../own-errors.ts'
import { kindsIn } from '../kinds.ts'
import { splits } from '../pieces.ts'
import type { Target } from '../target.ts'

/** Of one message, in bytes; small, so that an input can be longer. */
const maxMessageBytes = 2_048
/** Times that what is read may exceed the message: pointers may lead to the same bytes twice. */
const maxVisits = 2

export const target: Target = {
  reads: "Cap'n Proto messages of a stock connector",
  covers: [
    'links/cloudflared/capnp/framing.ts',
    'links/cloudflared/capnp/reader.ts',
    'links/cloudflared/rpc.ts',
    'links/cloudflared/registration.ts',
  ],
  maxBytes: 6_144,
  tokens: [
    Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0),
    Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0),
    Uint8Array.of(0, 0, 0, 0, 1, 0, 1, 0),
    Uint8Array.of(1, 0, 0, 0, 0x82, 0, 0, 0),
    Uint8Array.of(1, 0, 0, 0, 0x0e, 0, 0, 0),
    Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0),
    Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0),
  ],
  run(input) {
    const whole = deframe([input])
    for (const pieces of splits(input))
      assert.deepEqual(deframe(pieces), whole, `in ${pieces.length} pieces`)
    if (whole.code !== undefined) return whole.code
    const taken = whole.messages.reduce(
      (sum, message) => sum + headBytes(message) + sizeOf(message),
      0,
    )
    assert.ok(taken <= input.length)
    // What waits is bounded: longer than a message may be, it is one or is refused.
    assert.ok(input.length - taken <= maxMessageBytes, 'waits for more than a message may have')
    return kindsIn(whole.messages.map((message) => ({ kind: kindOf(message) })))
  },
}

type Deframed =
  | { readonly messages: readonly (readonly Buffer[])[]; readonly code: undefined }
  | { readonly messages: undefined; readonly code: string }

function deframe(pieces: readonly Buffer[]): Deframed {
  const deframer = createDeframer(() => maxMessageBytes)
  const { value, code } = attempt(() => pieces.flatMap((piece) => deframer.push(piece)), PeerError)
  return code === undefined ? { messages: value, code } : { messages: undefined, code }
}

function kindOf(segments: readonly Buffer[]): string {
  const { value, code } = attempt(() => read(segments), PeerError)
  return value ?? code ?? ''
}

function read(segments: readonly Buffer[]): string {
  const message = decodeRpc(segments)
  const bound = sizeOf(segments) * maxVisits
  if (message.kind === 'abort') assert.ok(message.reason.length <= bound)
  if (message.kind !== 'call') return message.kind
  const { methodId, params } = message
  if (methodId === 2) {
    assert.ok(readLocalConfiguration(params).length <= bound)
    return 'configuration'
  }
  const { tunnelId, connectorId, features, version, arch } = readRegistration(params)
  for (const id of [tunnelId, connectorId])
    assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  const said = features.reduce((sum, text) => sum + text.length, version.length + arch.length)
  assert.ok(said <= bound, `${said} characters of ${bound} bytes`)
  for (const text of [version, arch, ...features]) {
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(text, /[\0-\x1f\x7f]/)
  }
  return 'registration'
}

function sizeOf(segments: readonly Buffer[]): number {
  return segments.reduce((sum, { length }) => sum + length, 0)
}

/** A count and a length for each segment, in words of 8 bytes. */
function headBytes(segments: readonly Buffer[]): number {
  return Math.ceil((4 + 4 * segments.length) / 8) * 8
}

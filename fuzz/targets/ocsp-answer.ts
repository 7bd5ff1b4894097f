import assert from 'node:assert/strict'

import { PeerError } from '../../src/errors.ts'
import { checkFrame } from '../../src/net/ocsp/frame.ts'
import { attempt } from '../own-errors.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads: 'the frame of an OCSP answer, by a responder or whoever is between',
  covers: ['net/ocsp/frame.ts', 'net/der.ts'],
  maxBytes: 8_192,
  tokens: [
    Uint8Array.of(0x30, 3, 0x0a, 1, 6),
    Uint8Array.of(0xa0, 2),
    Uint8Array.of(0x04, 0x82, 1, 0),
    Uint8Array.of(0x30, 0x80),
    Uint8Array.of(0x03, 2, 0, 1),
    Uint8Array.of(0x30, 0),
  ],
  run(input) {
    const { code } = attempt(() => checkFrame(input), RangeError, PeerError)
    if (code !== undefined) return code
    // Whole, and nothing behind it.
    assert.notEqual(attempt(() => checkFrame(input.subarray(0, -1)), RangeError).code, undefined)
    const longer = Buffer.concat([input, Buffer.of(0)])
    assert.notEqual(attempt(() => checkFrame(longer), RangeError).code, undefined)
    return input.length < 8 ? 'status' : 'answer'
  },
}

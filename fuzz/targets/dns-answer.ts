import assert from 'node:assert/strict'

import { decode } from 'dns-packet'

import { isSignedAnswer, signMessage, splitTsig } from '../../src/publish/dns/tsig.ts'
import { attempt } from '../own-errors.ts'
import type { Target } from '../target.ts'

const key = { name: 'key.example', algorithm: 'hmac-sha256', secret: Buffer.alloc(32, 5) } as const
const nowMs = 1_800_000_000_000
const requestMac = Buffer.alloc(32, 9)

export const target: Target = {
  reads: 'the answer of a DNS server to an update, with its signature (TSIG)',
  covers: ['publish/dns/tsig.ts', 'publish/dns/message.ts'],
  maxBytes: 8_192,
  tokens: [
    Uint8Array.of(0, 250, 0, 255, 0, 0, 0, 0),
    Uint8Array.of(0xc0, 12),
    Uint8Array.of(3, 107, 101, 121, 7),
    Uint8Array.of(11, 104, 109, 97, 99, 45, 115, 104, 97, 50, 53, 54, 0),
  ],
  run(input) {
    const split = attempt(() => splitTsig(input), RangeError)
    if (split.code !== undefined) return 'cut short'
    if (split.value === undefined) return 'unsigned'
    const { unsigned, tsig } = split.value
    assert.ok(unsigned.length < input.length)
    assert.ok(tsig.mac.length + tsig.other.length <= input.length)
    const isOurs = isSignedAnswer(unsigned, tsig, { key, requestMac, nowMs })
    assert.equal(isOurs, false, 'takes what nobody with the key has signed')
    // What we sign is taken apart into what was signed, whatever it is, as long as its names can be read.
    const { message, mac } = signMessage(unsigned, key, nowMs)
    const again = splitTsig(message)
    assert.ok(again !== undefined)
    assert.deepEqual(Buffer.from(again.tsig.mac), mac)
    assert.deepEqual(again.unsigned, unsigned)
    // The library that reads answers must not be more credulous than ours about their end.
    attempt(() => decode(input), RangeError, Error, TypeError)
    return `signed ${tsig.error <= 24 ? tsig.error : 'other'}`
  },
}

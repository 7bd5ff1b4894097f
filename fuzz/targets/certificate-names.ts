import assert from 'node:assert/strict'
import { isIP } from 'node:net'

import { PeerError } from '../../src/errors.ts'
import { contentOf, elementAt } from '../../src/net/der.ts'
import { readAlternativeNames } from '../../src/net/alternative-names.ts'
import { attempt } from '../own-errors.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads: 'the names of a client certificate, which its holder may have made up',
  covers: ['net/alternative-names.ts', 'net/certificate-extension.ts', 'net/der.ts'],
  maxBytes: 4_096,
  tokens: [
    Uint8Array.of(0x30, 0x80),
    Uint8Array.of(0x30, 0x82, 1, 0),
    Uint8Array.of(0x06, 3, 0x55, 0x1d, 0x11),
    Uint8Array.of(0x87, 4, 192, 0, 2, 1),
    Uint8Array.of(0x82, 1, 97),
    Uint8Array.of(0xa0, 2),
    Uint8Array.of(0xa3, 4),
  ],
  run(input) {
    const { value } = attempt(() => contentOf(input, elementAt(input, 0)), RangeError)
    for (const { from, to } of value ?? []) assert.ok(from <= to && to <= input.length)
    const names = attempt(() => readAlternativeNames(input), PeerError).value
    if (names === undefined) return value === undefined ? 'no DER' : 'no names'
    for (const address of names.ip_address) assert.ok(isIP(address) > 0, address)
    const said = Object.values(names).flat().join('')
    assert.ok(said.length <= input.length * 4)
    return Object.entries(names)
      .filter(([, list]) => list.length > 0)
      .map(([kind]) => kind)
      .join(' ')
  },
}

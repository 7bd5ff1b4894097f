import assert from 'node:assert/strict'

import { firstRecordBytes, isHandshake, offeredProtocols } from '../../src/net/client-hello.ts'
import { keyExchangeIn } from '../../src/net/server-hello.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads: 'the first record of TLS, of a client by the port and of a server by "postern doctor"',
  covers: ['net/client-hello.ts', 'net/server-hello.ts'],
  maxBytes: 4_096,
  tokens: [
    Uint8Array.of(22, 3, 1),
    Uint8Array.of(0, 16, 0, 12, 0, 10, 2, 104, 50),
    Uint8Array.of(0, 51, 0, 2, 0, 29),
    Uint8Array.of(0x11, 0xec),
    'acme-tls/1',
    'h2',
  ],
  run(input) {
    const length = firstRecordBytes(input)
    assert.ok(length === undefined || (length >= 5 && length <= 5 + 65_535))
    const names = offeredProtocols(input)
    if (names.length > 0) assert.ok(isHandshake(input))
    assert.ok(names.join('').length <= input.length)
    // What comes behind a whole record says nothing of it.
    if (length !== undefined && length <= input.length)
      assert.deepEqual(
        offeredProtocols(Buffer.concat([input, Buffer.alloc(64, 1)])).length >= 0,
        true,
      )
    const group = keyExchangeIn(input)
    if (group !== undefined) assert.match(group, /^(?:group \d{1,5}|[\w-]{4,20})$/)
    return `${names.length > 0 ? 'names' : 'none'} ${group?.startsWith('group') === true ? 'other' : (group ?? 'none')}`
  },
}

import assert from 'node:assert/strict'
import { isIP } from 'node:net'

import { unmapIPv4, type HostPort } from '../../src/address.ts'
import { decodeProxyHeader, encodeProxyHeader } from '../../src/net/proxy-protocol.ts'
import type { Target } from '../target.ts'

/** Longest header there is: 16 bytes and what the length of version 2 is allowed to say. */
const maxHeaderBytes = 16 + 16_384

export const target: Target = {
  reads: 'the PROXY header before TLS, by who connects to the port',
  covers: ['net/proxy-protocol.ts'],
  maxBytes: 20_000,
  tokens: [
    'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n',
    'PROXY UNKNOWN\r\n',
    '\r\n\r\n\0\r\nQUIT\n',
    '::ffff:192.0.2.1',
    Uint8Array.of(0x21, 0x11, 0, 12),
    Uint8Array.of(0x21, 0x21, 0, 36),
  ],
  run(input) {
    const found = decodeProxyHeader(input)
    for (const at of prefixes(input.length)) isReadAsFar(input, at, found)
    if (typeof found === 'string') return found
    const { source, destination, lengthBytes } = found
    assert.ok(lengthBytes <= Math.min(input.length, maxHeaderBytes))
    isReadAsFar(input, lengthBytes, found)
    assert.equal(decodeProxyHeader(input.subarray(0, lengthBytes - 1)), 'more')
    assert.equal(source === undefined, destination === undefined)
    if (source === undefined || destination === undefined) return 'nobody'
    for (const { host, port } of [source, destination]) {
      assert.ok(isIP(host) > 0 && !host.includes('%'), host)
      assert.ok(port >= 0 && port <= 65_535)
    }
    for (const version of ['v1', 'v2'] as const) {
      const again = decodeProxyHeader(encodeProxyHeader(version, { source, destination }))
      assert.ok(typeof again !== 'string', JSON.stringify(again))
      assert.deepEqual(
        [again.source, again.destination].map(plain),
        [source, destination].map(plain),
      )
    }
    return `v${isIP(source.host)}`
  },
}

/** What was read of all must be what is read as soon as it is there, and nothing before. */
function isReadAsFar(input: Buffer, at: number, found: ReturnType<typeof decodeProxyHeader>): void {
  const early = decodeProxyHeader(input.subarray(0, at))
  if (early === 'more') {
    const isThere = typeof found !== 'string' && at >= found.lengthBytes
    assert.ok(!isThere, 'waits for more than the header')
  } else assert.deepEqual(early, found)
}

function prefixes(length: number): readonly number[] {
  return [0, 1, 5, 6, 12, 13, 15, 16, 28, 52, 106, 107, 108, length - 1].filter(
    (at) => at >= 0 && at < length,
  )
}

/** An IPv4 address is the same one mapped into IPv6, which a header of one family may have to do. */
function plain(endpoint: HostPort | undefined): HostPort | undefined {
  return endpoint && { ...endpoint, host: unmapIPv4(endpoint.host) }
}

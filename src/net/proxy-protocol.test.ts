import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalIPv6, unmapIPv4 } from '../address.ts'
import {
  decodeProxyHeader,
  encodeProxyHeader,
  proxyVersions,
  type ConnectionEndpoints,
} from './proxy-protocol.ts'

const v1 = Buffer.from('PROXY TCP4 203.0.113.9 192.0.2.1 51000 443\r\n')
const v1IPv6 = Buffer.from('PROXY TCP6 2001:db8::9 2001:db8::1 51000 443\r\n')
const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

function v2(command: number, family: number, payload: Buffer): Buffer {
  const head = Buffer.from([0x20 | command, family, payload.length >> 8, payload.length & 0xff])
  return Buffer.concat([signature, head, payload])
}

const v2IPv4 = v2(1, 0x11, Buffer.from('cb007109c0000201c73801bb', 'hex'))
const v2IPv6WithTlv = v2(
  1,
  0x21,
  Buffer.concat([
    Buffer.from('20010db800000000000000000000000920010db8000000000000000000000001', 'hex'),
    Buffer.from('c73801bb', 'hex'),
    Buffer.from('04000400000000', 'hex'),
  ]),
)
const v2Local = v2(0, 0x00, Buffer.alloc(0))

const expected = { source: { port: 51_000 }, destination: { port: 443 } }

test('both versions tell the source and destination, IPv4 and IPv6', () => {
  for (const header of [v1, v2IPv4]) {
    assert.deepEqual(decodeProxyHeader(header), {
      source: { host: '203.0.113.9', ...expected.source },
      destination: { host: '192.0.2.1', ...expected.destination },
      lengthBytes: header.length,
    })
  }
  for (const header of [v1IPv6, v2IPv6WithTlv]) {
    assert.deepEqual(decodeProxyHeader(header), {
      source: { host: '2001:db8::9', ...expected.source },
      destination: { host: '2001:db8::1', ...expected.destination },
      lengthBytes: header.length,
    })
  }
})

test('a connection of the edge itself has no source', () => {
  for (const header of [
    v2Local,
    Buffer.from('PROXY UNKNOWN\r\n'),
    Buffer.from('PROXY UNKNOWN ff 1 2\r\n'),
  ]) {
    const result = decodeProxyHeader(header)
    assert.deepEqual(result, {
      source: undefined,
      destination: undefined,
      lengthBytes: header.length,
    })
  }
})

test('any beginning of a header asks for more, and what follows it is left alone', () => {
  for (const header of [v1, v1IPv6, v2IPv4, v2IPv6WithTlv, v2Local]) {
    const whole = decodeProxyHeader(header)
    for (let cut = 0; cut < header.length; cut += 1) {
      assert.equal(decodeProxyHeader(header.subarray(0, cut)), 'more', `cut at ${cut}`)
    }
    assert.deepEqual(
      decodeProxyHeader(Buffer.concat([header, Buffer.from('GET / HTTP/1.1')])),
      whole,
    )
  }
})

test('what begins with something else has no header, from its first differing byte on', () => {
  const others = ['GET / HTTP/1.1', '\x16\x03\x01\x02\x00', 'PROX', 'PROXY', '\r\n\r\n\0\r\nQUIT']
  for (const text of others) {
    const bytes = Buffer.from(`${text}\x16`, 'latin1')
    assert.equal(decodeProxyHeader(bytes), 'absent', text)
  }
  assert.equal(decodeProxyHeader(Buffer.alloc(0)), 'more')
  assert.equal(decodeProxyHeader(Buffer.from('\x16')), 'absent')
})

test('what begins like a header and is none is invalid at once', () => {
  const wrong = [
    'PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n',
    'PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n',
    'PROXY TCP4 ::1 5.6.7.8 1 2\r\n',
    'PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n',
    'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n',
    `PROXY TCP4 ${'1'.repeat(200)}`,
  ]
  for (const text of wrong)
    assert.equal(decodeProxyHeader(Buffer.from(text, 'latin1')), 'invalid', text)
  assert.equal(decodeProxyHeader(v2(2, 0x11, Buffer.alloc(12))), 'invalid')
  assert.equal(decodeProxyHeader(v2(1, 0x11, Buffer.alloc(11))), 'invalid')
  assert.equal(decodeProxyHeader(v2(1, 0x11, Buffer.alloc(20_000))), 'invalid')
})

test('no bytes make it throw or claim more than there is', () => {
  const beginnings = fc.constantFrom(Buffer.alloc(0), v1, v2IPv4, v2IPv6WithTlv, signature)
  fc.assert(
    fc.property(beginnings, fc.uint8Array({ maxLength: 64 }), fc.nat(60), (start, noise, cut) => {
      const bytes = Buffer.concat([start.subarray(0, cut), noise])
      const result = decodeProxyHeader(bytes)
      assert.ok(typeof result === 'string' || result.lengthBytes <= bytes.length)
    }),
    { numRuns: 5000 },
  )
})

test('an IPv6 address is told in its one canonical form, whatever the header spells', () => {
  const header = Buffer.from('PROXY TCP6 2001:DB8:0:0::9 0:0:0:0:0:ffff:192.0.2.1 1 2\r\n')
  const result = decodeProxyHeader(header)
  assert.ok(typeof result === 'object')
  assert.equal(result.source?.host, '2001:db8::9')
  assert.equal(unmapIPv4(result.destination?.host ?? ''), '192.0.2.1')
})

const endpoints = (from: string, to: string): ConnectionEndpoints => ({
  source: { host: from, port: 51_000 },
  destination: { host: to, port: 443 },
})

test('a header is encoded byte by byte as the specification has it', () => {
  const ipv4 = endpoints('203.0.113.9', '192.0.2.1')
  assert.deepEqual(encodeProxyHeader('v1', ipv4), v1)
  assert.deepEqual(encodeProxyHeader('v2', ipv4), v2IPv4)
  assert.deepEqual(encodeProxyHeader('v1', endpoints('2001:db8::9', '2001:db8::1')), v1IPv6)
  assert.equal(encodeProxyHeader('v1', undefined).toString(), 'PROXY UNKNOWN\r\n')
  assert.deepEqual(encodeProxyHeader('v2', undefined), v2(1, 0x00, Buffer.alloc(0)))
  const noAddress = endpoints('/run/postern.sock', '192.0.2.1')
  assert.equal(encodeProxyHeader('v1', noAddress).toString(), 'PROXY UNKNOWN\r\n')
})

test('two families become one: IPv4 is mapped into IPv6', () => {
  const mixed = endpoints('203.0.113.9', 'fe80::1%eth0')
  const line = 'PROXY TCP6 ::ffff:cb00:7109 fe80::1 51000 443\r\n'
  assert.equal(encodeProxyHeader('v1', mixed).toString(), line)
  const mapped = endpoints('::ffff:203.0.113.9', '192.0.2.1')
  assert.deepEqual(encodeProxyHeader('v1', mapped), v1)
})

test('what is encoded decodes to the same two ends', () => {
  const host = fc.oneof(fc.ipV4(), fc.ipV6())
  const end = fc.record({ host, port: fc.nat(65_535) })
  fc.assert(
    fc.property(end, end, fc.constantFrom(...proxyVersions), (source, destination, version) => {
      const header = encodeProxyHeader(version, { source, destination })
      const result = decodeProxyHeader(header)
      assert.ok(typeof result === 'object', header.toString('latin1'))
      const told = [result.source, result.destination].map((it) => [plain(it?.host), it?.port])
      assert.deepEqual(
        told,
        [source, destination].map((it) => [plain(it.host), it.port]),
      )
      assert.equal(result.lengthBytes, header.length)
    }),
    { numRuns: 2000 },
  )
})

/** One spelling for each address. */
function plain(host = ''): string {
  return host.includes(':') ? unmapIPv4(canonicalIPv6(host)) : host
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ask, criterionProblems, verdict } from './policy.suite.ts'

const isFrom = (data: unknown, sourceIp: string): boolean =>
  ask({ source_ip: data }, { sourceIp }).value

test('source_ip is one of several addresses and ranges', () => {
  const data = ['192.0.2.7', '10.0.0.0/8', '2001:db8::/32', '::1']
  for (const address of ['192.0.2.7', '10.255.0.1', '2001:DB8:ffff::1', '0:0:0:0:0:0:0:1']) {
    assert.equal(isFrom(data, address), true, address)
  }
  for (const address of ['192.0.2.8', '11.0.0.1', '2001:db9::1', '::2']) {
    assert.equal(isFrom(data, address), false, address)
  }
  assert.deepEqual(ask({ source_ip: '192.0.2.7' }), verdict(true, 'source-ip-ok'))
  assert.deepEqual(ask({ source_ip: '192.0.2.8' }), verdict(false, 'source-ip-unauthorized'))
})

test('addresses of one family are never within ranges of the other', () => {
  assert.equal(isFrom('::/0', '192.0.2.7'), false)
  assert.equal(isFrom('0.0.0.0/0', '2001:db8::1'), false)
})

test('an IPv4 address mapped into IPv6 is that IPv4 address, in the policy and in the request', () => {
  assert.equal(isFrom('10.0.0.0/8', '::ffff:10.1.2.3'), true)
  assert.equal(isFrom('::ffff:10.0.0.0/104', '10.1.2.3'), true)
  assert.equal(isFrom('::ffff:a00:1', '10.0.0.1'), true)
  assert.equal(isFrom('::ffff:a00:1', '10.0.0.2'), false)
  assert.equal(isFrom('::ffff:0:0/96', '203.0.113.9'), true)
})

test('a link-local address is known without its zone', () => {
  assert.equal(isFrom('fe80::/10', 'fe80::1%eth0'), true)
})

test('whatever stands for an address, the answer is no rather than an error', () => {
  for (const sourceIp of ['', 'unknown', '10.0.0.1:80', '[::1]', '%']) {
    assert.equal(isFrom(['0.0.0.0/0', '::/0'], sourceIp), false, sourceIp)
  }
})

/** An address as a number, and how many bits it has. */
function bitsOf(octets: readonly number[]): bigint {
  return octets.reduce((bits, octet) => (bits << 8n) | BigInt(octet), 0n)
}

function textOf(octets: readonly number[]): string {
  if (octets.length === 4) return octets.join('.')
  const hex = octets.map((octet) => octet.toString(16).padStart(2, '0')).join('')
  return hex.replace(/.{4}(?!$)/g, '$&:')
}

test('a range contains exactly the addresses whose first bits are the same', () => {
  const octet = fc.constantFrom(0, 1, 127, 128, 255)
  const cases = fc.constantFrom(4, 16).chain((length) =>
    fc.record({
      network: fc.array(octet, { minLength: length, maxLength: length }),
      client: fc.array(octet, { minLength: length, maxLength: length }),
      sharedOctets: fc.nat(length),
      prefix: fc.nat(length * 8),
    }),
  )
  fc.assert(
    fc.property(cases, ({ network, client, sharedOctets, prefix }) => {
      const near = [...network.slice(0, sharedOctets), ...client.slice(sharedOctets)]
      const otherBits = BigInt(network.length * 8 - prefix)
      const expected = bitsOf(network) >> otherBits === bitsOf(near) >> otherBits
      assert.equal(isFrom(`${textOf(network)}/${prefix}`, textOf(near)), expected)
    }),
    { numRuns: 1000 },
  )
})

test('source_ip refuses what is no address or range', () => {
  for (const data of [
    '',
    '10.0.0',
    '10.0.0.1/33',
    '10.0.0.1/',
    '10.0.0.1/08',
    '10.0.0.1/-1',
    '10.0.0.0/8/8',
    '010.0.0.1',
    '::1/129',
    'fe80::1%eth0',
    'localhost',
    '10.0.0.1 ',
    '[::1]',
    7,
    null,
    [],
    { is: '10.0.0.1' },
    [['10.0.0.1']],
  ]) {
    assert.equal(criterionProblems({ source_ip: data }).length, 1, JSON.stringify(data))
  }
  assert.deepEqual(criterionProblems({ source_ip: ['10.0.0.1', '10.0.0.0/33', 'x'] }), [
    'source_ip.1: must have a prefix of 0 to 32 after the "/", not "33"',
    'source_ip.2: must be an IP address or a range such as "10.0.0.0/8", not "x"',
  ])
})

test('http_method and http_path compare with case', () => {
  assert.deepEqual(ask({ http_method: 'CONNECT' }), verdict(true, 'http-method-ok'))
  assert.deepEqual(ask({ http_method: 'connect' }), verdict(false, 'http-method-unauthorized'))
  assert.deepEqual(ask({ http_path: { not: '/x' } }), verdict(true, 'http-path-ok'))
  assert.deepEqual(ask({ http_path: '/x' }), verdict(false, 'http-path-unauthorized'))
  assert.equal(ask({ http_path: { starts_with: '/a' } }, { path: '/a/b' }).value, true)
})

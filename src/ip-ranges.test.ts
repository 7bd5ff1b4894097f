import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIpMatcher, parseIpRange } from './ip-ranges.ts'

function matcherOf(...texts: string[]): (address: string) => boolean {
  const ranges = texts.map((text) => {
    const range = parseIpRange(text)
    assert.ok(!('fault' in range), text)
    return range
  })
  return createIpMatcher(ranges)
}

test('an address alone is a range of one', () => {
  assert.deepEqual(parseIpRange('192.0.2.7'), { address: '192.0.2.7', family: 'ipv4', prefix: 32 })
  assert.deepEqual(parseIpRange('::1'), { address: '::1', family: 'ipv6', prefix: 128 })
  assert.deepEqual(['192.0.2.7', '192.0.2.8'].map(matcherOf('192.0.2.7')), [true, false])
})

test('IPv4 mapped into IPv6 is IPv4, on both sides', () => {
  const isInside = matcherOf('10.0.0.0/8', '::ffff:192.0.2.0/120')
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '192.0.2.9', '::ffff:192.0.2.9']) {
    assert.equal(isInside(address), true, address)
  }
  for (const address of ['0:0:0:0:0:FFFF:10.1.2.3', '::0:ffff:a01:203', '::ffff:a01:203%eth0']) {
    assert.equal(isInside(address), true, address)
  }
})

test('what a translator or a tunnel makes of IPv4 is no IPv4 address', () => {
  const isInside = matcherOf('10.0.0.0/8')
  for (const address of ['64:ff9b::10.1.2.3', '::10.1.2.3', '::ffff:0:10.1.2.3', '2002:a01:203::'])
    assert.equal(isInside(address), false, address)
})

test('neither family holds an address of the other, and what is no address is nowhere', () => {
  assert.equal(matcherOf('::/0')('192.0.2.7'), false)
  assert.equal(matcherOf('0.0.0.0/0')('2001:db8::1'), false)
  for (const text of ['', 'unknown', '10.0.0.1:80']) {
    assert.equal(matcherOf('0.0.0.0/0', '::/0')(text), false, text)
  }
})

test('what is no range says what was expected', () => {
  const faultOf = (text: string): string => {
    const range = parseIpRange(text)
    return 'fault' in range ? range.fault : 'none'
  }
  for (const text of ['', 'a.example.com', '10.0.0', '10.0.0.0/8/8', 'fe80::1%eth0', '[::1]']) {
    assert.match(faultOf(text), /^must be an IP address or a range/, text)
  }
  assert.match(faultOf('10.0.0.0/33'), /0 to 32/)
  assert.match(faultOf('::/129'), /0 to 128/)
  assert.match(faultOf('10.0.0.0/08'), /0 to 32/)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressKey } from '../address.ts'
import { createFakeClock } from '../fake-clock.ts'
import { createRateLimit } from './rate-limit.ts'

test('a limit is reached by one key alone, and is over with its window', () => {
  const clock = createFakeClock()
  const limit = createRateLimit({ maxEvents: 2, windowMs: 1000, maxKeys: 10, clock })
  limit.count('a')
  assert.equal(limit.isReached('a'), false)
  clock.advance(900)
  limit.count('a')
  assert.deepEqual([limit.isReached('a'), limit.isReached('b')], [true, false])
  assert.deepEqual([limit.retryAfterSeconds('a'), limit.retryAfterSeconds('b')], [1, 1])
  clock.advance(100)
  assert.equal(limit.isReached('a'), false)
  limit.count('a')
  assert.equal(limit.isReached('a'), false)
})

test('of too many keys the oldest is forgotten', () => {
  const clock = createFakeClock()
  const limit = createRateLimit({ maxEvents: 1, windowMs: 1000, maxKeys: 2, clock })
  for (const key of ['a', 'b', 'c']) limit.count(key)
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => limit.isReached(key)),
    [false, true, true],
  )
})

test('an IPv4 address counts as a whole, an IPv6 one by its first 64 bits', () => {
  assert.equal(addressKey('192.0.2.7'), '192.0.2.7')
  for (const [address, key] of [
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ]) {
    assert.equal(addressKey(address ?? ''), key)
  }
})

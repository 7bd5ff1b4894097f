import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLoopbackHost } from '../../address.ts'
import { privateLoopback } from './private-loopback.ts'

test('each seed has a loopback address of its own where there are many, always the same', () => {
  const seeds = Array.from({ length: 500 }, (_, index) => `db${index}.example.com:5432`)
  const addresses = seeds.map((seed) => privateLoopback(seed, 'linux'))
  assert.ok(new Set(addresses).size > 490)
  for (const address of addresses) {
    assert.ok(isLoopbackHost(address), address)
    assert.doesNotMatch(address, /^127\.0\.|\.(?:0|255)$/)
  }
  assert.deepEqual(
    seeds.map((seed) => privateLoopback(seed, 'win32')),
    addresses,
  )
  assert.equal(privateLoopback('db.example.com:5432', 'darwin'), '127.0.0.1')
})

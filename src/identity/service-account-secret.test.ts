import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { hashSecret, isSameHash, makeSecret } from './service-account-secret.ts'

test('a secret has 256 bits, another one each time, and a prefix to find leaked ones by', () => {
  const secret = makeSecret()
  assert.match(secret, /^postern_[\w-]{43}$/)
  assert.notEqual(makeSecret(), secret)
})

test('what is kept of a secret is its hash, which is of no use in the other form', () => {
  const digest = createHash('sha256').update('jwt:secret').digest('base64url')
  assert.equal(hashSecret('jwt', 'secret'), digest)
  assert.notEqual(hashSecret('id-secret', 'secret'), digest)
})

test('hashes are the same when all of them is', () => {
  const hash = hashSecret('jwt', 'secret')
  assert.equal(isSameHash(hash, hash), true)
  for (const other of [undefined, '', hash.slice(1), `${hash}a`, hashSecret('jwt', 'Secret')])
    assert.equal(isSameHash(hash, other), false)
})

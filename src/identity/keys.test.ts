import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deriveKeys } from './keys.ts'

const secret = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
const hex = (keys: object): string[] =>
  Object.values(keys).map((key: Uint8Array) => Buffer.from(key).toString('hex'))

test('every purpose has a key of 32 bytes of its own, the same at every start', () => {
  const keys = hex(deriveKeys(secret(1), secret(1)))
  assert.equal(new Set(keys).size, keys.length)
  assert.ok(keys.every((key) => key.length === 64))
  assert.deepEqual(hex(deriveKeys(secret(1), secret(1))), keys)
})

test('tokens and URLs depend on the shared secret, cookies on the cookie secret', () => {
  const [base, shared, cookie] = [
    deriveKeys(secret(1), secret(2)),
    deriveKeys(secret(9), secret(2)),
    deriveKeys(secret(1), secret(9)),
  ]
  assert.deepEqual(
    [shared.sessionCookie, shared.signInState],
    [base.sessionCookie, base.signInState],
  )
  assert.deepEqual([cookie.token, cookie.signedUrl], [base.token, base.signedUrl])
  assert.notDeepEqual(shared.token, base.token)
  assert.notDeepEqual(cookie.sessionCookie, base.sessionCookie)
})

test('a secret that is too short is refused', () => {
  assert.throws(() => deriveKeys(new Uint8Array(31), secret(1)), /31 bytes/)
})

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

test('a release derives the keys of the one before: otherwise all that is signed and sealed is worth nothing', () => {
  const keys = Object.entries(deriveKeys(secret(1), secret(2)))
  const beginnings = keys.map(([purpose, key]: [string, Uint8Array]) => [
    purpose,
    Buffer.from(key.subarray(0, 8)).toString('hex'),
  ])
  assert.deepEqual(Object.fromEntries(beginnings), {
    token: '60993618326265ea',
    serviceAccountToken: 'f2588595f9c33436',
    signedUrl: '693fad62188b931e',
    signInRenewal: 'a1990a633d94fb98',
    applicationAudience: '150417f2c307d811',
    sessionCookie: 'd1289d406c76407d',
    signInState: 'fc00798d1eca2367',
    signInChecks: '69d356a720d1eb05',
    deviceForm: 'fe446dd73df1e4c9',
    passkeyTicket: '7813466b79cd6735',
    passkeyCode: '7713929cb8ae5838',
    passkeyChallenge: 'c8359c70956b6eca',
    namedTunnel: 'db1a91e414627cbf',
  })
})

test('a secret that is too short is refused, whichever of the two', () => {
  const short = new Uint8Array(31)
  const refused = {
    name: 'RangeError',
    message: 'a secret has 31 bytes, expected at least 32',
  }
  assert.throws(() => deriveKeys(short, secret(1)), refused)
  assert.throws(() => deriveKeys(secret(1), short), refused)
})

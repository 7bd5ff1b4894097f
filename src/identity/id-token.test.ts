import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkIdToken } from './id-token.ts'

const nowMs = 1_700_000_000_000

test('an id token issued up to five minutes ahead is taken', () => {
  for (const aheadSeconds of [-3600, 0, 299, 300]) {
    checkIdToken({ sub: 'u', iat: nowMs / 1000 + aheadSeconds }, nowMs)
  }
})

test('an id token from further ahead is refused, and says by how much', () => {
  assert.throws(() => checkIdToken({ sub: 'u', iat: nowMs / 1000 + 3601 }, nowMs), {
    code: 'provider-invalid',
    message: "the sign-in service's id token was issued 60 minutes in the future",
    hint: 'whoever runs this gateway should compare its clock with that of the sign-in service',
  })
})

test('an id token that names nobody is refused', () => {
  for (const sub of ['', ' \t', undefined, 7, null]) {
    assert.throws(() => checkIdToken({ sub, iat: nowMs / 1000 }, nowMs), {
      name: 'AccessError',
      code: 'provider-invalid',
      message: 'the sign-in service named nobody: the "sub" of its id token is empty',
      hint: 'whoever runs the sign-in service has to give each account an id',
    })
  }
})

test('an id token that does not say when it was issued is left to its end', () => {
  for (const iat of [undefined, 'tomorrow', '9999999999']) checkIdToken({ sub: 'u', iat }, nowMs)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromAddress } from './messages.ts'

function secretsOf(address: string): readonly string[] {
  const found: string[] = []
  fromAddress(address, {
    secret: (kind, value) => void found.push(`${kind} ${value}`),
    page: () => undefined,
  })
  return found
}

test('of an address the state of a sign-in is a secret, and the state that a list is asked for by is none', () => {
  const state = 'kq3TtZ0mJw8nq1rPvC5xQw'
  assert.deepEqual(secretsOf(`/oauth2/callback?state=${state}`), [`state ${state}`])
  assert.deepEqual(secretsOf('/api/v1/requests?limit=200&state=answered'), [])
})

test('of an address within an address as well, and what a code is for', () => {
  const within = encodeURIComponent('https://localhost/callback?code=a-code-of-this')
  assert.deepEqual(secretsOf(`/sign_in?to=${within}`), ['code a-code-of-this'])
  assert.deepEqual(secretsOf('/device?code=ABCD-EFGH'), ['user code ABCD-EFGH'])
  const invitation = '/.postern/invitation?code=a-code-of-this'
  assert.deepEqual(secretsOf(invitation), ['invitation a-code-of-this'])
})

test('of the nonces in addresses only the one of a sign-in is a secret', () => {
  const nonce = 'u2Xw7mTq0bJ4rKcVd1Zy9A'
  const asked = `/authorize?response_type=code&client_id=postern&nonce=${nonce}`
  assert.deepEqual(secretsOf(asked), [`nonce ${nonce}`])
  assert.deepEqual(secretsOf(`/hello?nonce=${nonce}`), [])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  codeChallengeOf,
  decodeTokenAnswer,
  encodeTokenAnswer,
  encodeTokenRequest,
  formatLoginPath,
  parseCallback,
} from './sign-in.ts'

test('the challenge is the one of the RFC 7636 example', () => {
  // https://www.rfc-editor.org/rfc/rfc7636#appendix-B
  const challenge = codeChallengeOf('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')
  assert.equal(challenge, 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')
})

test('a login request names where to come back to, and the challenge when there is one', () => {
  const redirectUri = 'http://127.0.0.1:5/a'
  assert.equal(
    formatLoginPath({ redirectUri, codeChallenge: undefined }),
    '/.pomerium/api/v1/login?pomerium_redirect_uri=http%3A%2F%2F127.0.0.1%3A5%2Fa',
  )
  assert.match(
    formatLoginPath({ redirectUri, codeChallenge: 'c' }),
    /&code_challenge=c&code_challenge_method=S256$/,
  )
})

test('a callback brings a code, a token or an error; a code comes first', () => {
  const parse = (query: string): unknown => parseCallback(new URLSearchParams(query))
  assert.deepEqual(parse('code=c&pomerium_jwt=t'), { kind: 'code', code: 'c' })
  assert.deepEqual(parse('pomerium_jwt=t'), { kind: 'token', token: 't' })
  assert.deepEqual(parse('error=access_denied&error_description=no'), {
    kind: 'error',
    error: 'access_denied',
    description: 'no',
    requestId: '',
  })
  assert.equal(parse('state=1&code='), undefined)
})

test('the token exchange encodes and decodes', () => {
  assert.equal(encodeTokenRequest('a b', 'v'), 'code=a+b&code_verifier=v')
  assert.equal(decodeTokenAnswer(encodeTokenAnswer('aa.bb.cc')), 'aa.bb.cc')
})

test('what cannot stand in a header is not taken for a token', () => {
  for (const token of ['', 'a b', 'a\r\nb', 'ü', 'a'.repeat(9_000)]) {
    assert.equal(decodeTokenAnswer(JSON.stringify({ token })), undefined)
  }
  for (const text of ['', 'null', '[]', '{"token":1}'])
    assert.equal(decodeTokenAnswer(text), undefined)
})

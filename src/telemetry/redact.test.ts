import assert from 'node:assert/strict'
import { test } from 'node:test'

import { queryOf } from './fields.ts'
import { isSecretName, redact, redactFields, redactQuery, redacted } from './redact.ts'
import { threadMs } from '../thread-time.fixture.ts'

test('names of secrets are known however they are written', () => {
  const names = [
    'authorization',
    'Proxy-Authorization',
    'x-pomerium-authorization',
    'X-Pomerium-Jwt-Assertion',
    'cookie',
    'Set-Cookie',
    'token',
    'accessToken',
    'refresh_token',
    'clientSecret',
    'idp_client_secret',
    'pomerium_jwt',
    'code',
    'state',
    'codeVerifier',
    'CF-Access-Client-Id',
    'Cf-Access-Client-Secret',
    'privateKey',
  ]
  assert.deepEqual(
    names.filter((name) => !isSecretName(name)),
    [],
  )
})

test('names that only resemble secrets are logged', () => {
  const names = [
    'response-code',
    'response-code-details',
    'error-code',
    'idp_client_secret_file',
    'tokenCount',
    'session-id',
    'user',
    'route-id',
  ]
  assert.deepEqual(names.filter(isSecretName), [])
})

test('secrets are hidden at every depth, in arrays too', () => {
  const value = { a: [{ token: 't' }], b: { c: { cookie: 'c', kept: 1 } }, code: 'x' }
  assert.deepEqual(redactFields(value), {
    a: [{ token: redacted }],
    b: { c: { cookie: redacted, kept: 1 } },
    code: redacted,
  })
})

test('a token inside a text is hidden by its look', () => {
  const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl'
  assert.equal(redact(`refused "${token}"`), `refused "${redacted}"`)
  assert.equal(
    redact('sent Authorization: Bearer Pomerium-abcdefghijklmnop1234'),
    `sent Authorization: Bearer ${redacted}`,
  )
  assert.equal(redact('sent postern_abcDEF-_0123456789 along'), `sent ${redacted} along`)
  assert.equal(redact(new Error(`bad ${token}`)), `bad ${redacted}`)
})

test('each kind of secret is hidden where it is all that a text has of any', () => {
  assert.equal(redact('/cb#id_token=s3cr3t'), `/cb#id_token=${redacted}`)
  assert.equal(redact('/cb?code=s3cr3t'), `/cb?code=${redacted}`)
  assert.equal(redact('eyJhbGciOiJIUzI1NiJ9'), redacted)
  assert.equal(redact('postern_abcDEF-_0123456789'), redacted)
  for (const scheme of ['Bearer', 'bearer', 'BASIC', 'Basic', 'pomerium', 'Pomerium'])
    assert.equal(redact(`${scheme} abcdefghijklmnop1234`), `${scheme} ${redacted}`)
})

test('secret parameters of a query are hidden, the others stay', () => {
  assert.equal(
    redactQuery('code=abc&state=s&page=2&pomerium_jwt=j&flag'),
    `code=${redacted}&state=${redacted}&page=2&pomerium_jwt=${redacted}&flag`,
  )
  assert.equal(redactQuery('%63ode=abc&%zz=1'), `%63ode=${redacted}&%zz=1`)
})

test('what a callback carries and what makes a signed URL good is hidden in a query', () => {
  const secrets = [
    'code',
    'state',
    'id_token',
    'id_token_hint',
    'access_token',
    'session_state',
    'nonce',
    'code_verifier',
    'pomerium_signature',
    'pomerium_jwt',
    'pomerium_session_token',
    'X-Amz-Signature',
    'sig',
    'SAMLResponse',
    'RelayState',
    'api_key',
    'code[]',
  ]
  for (const name of secrets) {
    const shown = redactQuery(`a=1&${name}=s3cr3t;b=2&${encodeURIComponent(name)}=s3cr3t`)
    assert.doesNotMatch(shown, /s3cr3t/, name)
    assert.match(shown, /^a=1&.*;b=2&/, name)
  }
  const shown = 'error=access_denied&pomerium_expiry=17&code_challenge=c&request_id=r'
  assert.equal(redactQuery(shown), shown)
})

test('a URL in a query is looked into, however often it is encoded', () => {
  const inner = 'http://127.0.0.1:9/x?code=s3cr3t&page=2'
  const once = encodeURIComponent(inner)
  const twice = encodeURIComponent(`https://a.example.com/?back=${once}`)
  for (const query of [`to=${once}`, `to=${twice}`, `to=${encodeURIComponent(once)}`]) {
    const shown = redactQuery(query)
    assert.doesNotMatch(decodeURIComponent(decodeURIComponent(shown)), /s3cr3t/)
    assert.match(decodeURIComponent(decodeURIComponent(shown)), /page=2/)
  }
  const harmless = `to=${encodeURIComponent('https://a.example.com/?page=2')}`
  assert.equal(redactQuery(harmless), harmless)
})

test('what cannot be decoded, or was cut, hides nothing that can', () => {
  const inner = encodeURIComponent('/x?code=s3cr3t&b=')
  for (const broken of ['%', '%2', '%zz', '%FF', '\uD83D', '%F0%9F%98']) {
    for (const text of [`${inner}${broken}`, `${broken}${inner}`]) {
      assert.doesNotMatch(String(redact(`/?to=${text}`)), /s3cr3t/, broken)
    }
  }
  const head = `/?to=${inner}`
  assert.match(String(redact(`${head.padEnd(2_047, 'x')}😀`)), /redacted/)
})

test('a URL in any text is looked into: a Referer, the words of an error', () => {
  assert.equal(
    redact('cannot fetch "https://idp/cb?code=s3cr3t&x=1#id_token=s3cr3t": no answer'),
    `cannot fetch "https://idp/cb?code=${redacted}&x=1#id_token=${redacted}": no answer`,
  )
  assert.equal(redact('is it a=b? yes, code=7'), 'is it a=b? yes, code=7')
})

test('cycles, depth, length and odd values are bounded', () => {
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  assert.match(JSON.stringify(redact(cycle)), /too deep/)
  assert.equal(String(redact('x'.repeat(10_000))).length, 2_049)
  assert.equal((redact(Array.from({ length: 1_000 }, () => 1)) as unknown[]).length, 100)
  assert.equal(redact(Buffer.from('secret')), '[6 bytes]')
  assert.equal(redact(2n ** 64n), '18446744073709551616')
  assert.equal(redact(new Date(0)), '1970-01-01T00:00:00.000Z')
  assert.deepEqual([redact(null), redact(undefined), redact(1.5)], [null, undefined, 1.5])
})

test('a token whose end is missing is hidden as well', () => {
  const token = `eyJhbGciOiJIUzI1NiJ9.${'x'.repeat(3_000)}.c2lnbmF0dXJl`
  assert.equal(redact(`before ${token}`), `before ${redacted}…`)
  assert.equal(redact('eyJhbGciOiJIUzI1NiJ9 and on'), `${redacted} and on`)
})

test('no text of a stranger holds up the process', () => {
  const beganMs = threadMs()
  for (const piece of ['eyJ-', 'eyJaaaaa.', '?=', '?a=%3Fa%3D', 'postern_', 'Basic  '])
    redact(`/${piece.repeat(262_144 / piece.length)}`)
  for (const piece of ['%25?=', '&=', 'a=%3F'])
    for (let count = 0; count < 100; count++) queryOf(`/?${piece.repeat(32_768 / piece.length)}`)
  // Looking for the end of a token anew at each of its beginnings took half a minute.
  assert.ok(threadMs() - beganMs < 2_000)
})

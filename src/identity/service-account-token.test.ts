import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SignJWT, decodeJwt, decodeProtectedHeader } from 'jose'
import { createFakeClock } from '../fake-clock.ts'
import { createServiceAccountTokens } from './service-account-token.ts'

const key = new Uint8Array(32).fill(1)
const host = 'auth.example.com'
const clock = createFakeClock(1_700_000_000_000)
const tokens = createServiceAccountTokens(host, key, clock)
const claims = {
  id: 'sa-1',
  secret: 'the-secret',
  issuedAtMs: 1_700_000_000_500,
  expiresAtMs: 1_700_000_060_500,
}
const presented = { format: 'jwt', id: 'sa-1', secret: 'the-secret' }

/** A token that is right in everything that is not changed. */
function sign(
  change: Readonly<Record<string, unknown>>,
  { by = key, alg = 'HS256', typ = 'JWT' } = {},
) {
  const good = { iss: host, aud: [host], sub: 'sa-1', jti: 'sa-1', ver: 'the-secret' }
  return new SignJWT({ ...good, ...change }).setProtectedHeader({ alg, typ }).sign(by)
}

test('a token has the form that stock clients take, and names its account', async () => {
  const token = await tokens.issue(claims)
  assert.deepEqual(decodeProtectedHeader(token), { alg: 'HS256', typ: 'JWT' })
  assert.deepEqual(decodeJwt(token), {
    iss: host,
    aud: [host],
    sub: 'sa-1',
    jti: 'sa-1',
    ver: 'the-secret',
    iat: 1_700_000_000,
    exp: 1_700_000_060,
  })
  assert.deepEqual(await tokens.read(token), presented)
})

test('a token is worth nothing once it has expired; one without an end never does', async () => {
  const clock = createFakeClock(claims.issuedAtMs)
  const tokens = createServiceAccountTokens(host, key, clock)
  const ending = await tokens.issue(claims)
  const endless = await tokens.issue({ ...claims, expiresAtMs: undefined })
  assert.equal(decodeJwt(endless).exp, undefined)
  clock.advance(59_400)
  assert.deepEqual(await tokens.read(ending), presented)
  clock.advance(100)
  assert.equal(await tokens.read(ending), undefined)
  assert.deepEqual(await tokens.read(endless), presented)
})

test('a token of another key, algorithm, type, issuer, audience, or of nobody is none', async () => {
  assert.deepEqual(await tokens.read(await sign({})), presented)
  for (const token of [
    await sign({}, { by: new Uint8Array(32).fill(2) }),
    await sign({}, { alg: 'HS512' }),
    await sign({}, { typ: 'other' }),
    await sign({ iss: 'other.example.com' }),
    await sign({ aud: ['other.example.com'] }),
    await sign({ jti: undefined }),
    await sign({ ver: undefined }),
    await sign({ ver: 7 }),
    '',
    'a.b.c',
  ])
    assert.equal(await tokens.read(token), undefined, token)
})

test('the algorithm is pinned, whatever the key would do for', async () => {
  const long = new Uint8Array(64).fill(1)
  const tokens = createServiceAccountTokens(host, long, clock)
  assert.deepEqual(await tokens.read(await sign({}, { by: long })), presented)
  assert.equal(await tokens.read(await sign({}, { by: long, alg: 'HS512' })), undefined)
})

test('a token of 8 KiB is read, and none that is longer', async () => {
  const bare = (await sign({ pad: '' })).length
  const padding = Math.ceil(((8192 - bare) * 3) / 4)
  const fits = await sign({ pad: 'x'.repeat(padding) })
  assert.equal(fits.length, 8192)
  assert.deepEqual(await tokens.read(fits), presented)
  assert.equal(await tokens.read(await sign({ pad: 'x'.repeat(padding + 1) })), undefined)
})

test('tokens of former keys are read, and none is made by one', async () => {
  const former = new Uint8Array(32).fill(9)
  const after = createServiceAccountTokens(host, key, clock, [former])
  assert.deepEqual(await after.read(await sign({}, { by: former })), presented)
  assert.deepEqual(await tokens.read(await after.issue(claims)), presented)
})

test('what was made before a gateway had its authenticate service stays good, and not the other way', async () => {
  const without = createServiceAccountTokens(undefined, key, clock)
  const token = await without.issue(claims)
  assert.equal(decodeJwt(token).iss, 'postern')
  assert.deepEqual(await tokens.read(token), presented)
  assert.equal(await without.read(await tokens.issue(claims)), undefined)
})

test('a fault of the machine is not taken for a token of somebody else', async (t) => {
  const token = await tokens.issue(claims)
  t.mock.method(crypto.subtle, 'importKey', () => Promise.reject(new Error('out of memory')))
  await assert.rejects(tokens.read(token), { message: 'out of memory' })
})

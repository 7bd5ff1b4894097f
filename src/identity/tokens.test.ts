import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SignJWT, UnsecuredJWT, decodeJwt, decodeProtectedHeader } from 'jose'
import { deriveKeys } from './keys.ts'
import type { Session } from './session.ts'
import { createTokens, tokenFromHeaders } from './tokens.ts'

const { token: key } = deriveKeys(new Uint8Array(32).fill(1), new Uint8Array(32).fill(2))
const host = 'auth.example.com'
const tokens = createTokens(host, key)
const session: Session = {
  kind: 'person',
  id: 'the-session-id',
  userId: 'u-1',
  email: 'alice@example.com',
  emailVerified: true,
  name: 'Alice',
  groups: ['ops'],
  claims: {},
  provider: 'default',
  issuer: 'https://idp.example.com',
  issuedAtMs: 1_700_000_000_500,
  expiresAtMs: 1_800_000_000_000,
  refreshedAtMs: 0,
  refreshDueAtMs: 0,
}

/** A token that is right in everything that is not changed. */
function sign(change: {
  key?: Uint8Array
  alg?: string
  typ?: string
  iss?: string
  aud?: string
  jti?: string
}) {
  return new SignJWT({})
    .setProtectedHeader({ alg: change.alg ?? 'HS256', typ: change.typ ?? 'JWT' })
    .setIssuer(change.iss ?? host)
    .setAudience([change.aud ?? host])
    .setJti(change.jti ?? session.id)
    .sign(change.key ?? key)
}

test('a token names the session and says nothing else about the person', async () => {
  const token = await tokens.issue(session)
  assert.deepEqual(decodeProtectedHeader(token), { alg: 'HS256', typ: 'JWT' })
  assert.deepEqual(decodeJwt(token), {
    iss: host,
    sub: 'u-1',
    aud: [host],
    iat: 1_700_000_000,
    exp: 1_800_000_000,
    jti: 'the-session-id',
  })
  const named = { sessionId: 'the-session-id', endsAtMs: 1_800_000_000_000 }
  assert.deepEqual(await tokens.read(token), named)
})

test('a token is read past its end, which whoever asks has to look at', async () => {
  const token = await tokens.issue({ ...session, expiresAtMs: 1_000 })
  assert.deepEqual(await tokens.read(token), { sessionId: session.id, endsAtMs: 1_000 })
  assert.equal(await tokens.userOf(token), 'u-1')
})

test('a token of another key, algorithm, type, issuer or audience is nobody', async () => {
  assert.deepEqual(await tokens.read(await sign({})), {
    sessionId: session.id,
    endsAtMs: undefined,
  })
  const wrong = [
    await sign({ key: new Uint8Array(32).fill(9) }),
    await sign({ alg: 'HS512', key: new Uint8Array(64).fill(1) }),
    await sign({ typ: 'other' }),
    await sign({ iss: 'other.example.com' }),
    await sign({ aud: 'other.example.com' }),
    new UnsecuredJWT({ jti: session.id }).setIssuer(host).setAudience(host).encode(),
  ]
  for (const token of wrong) assert.equal(await tokens.read(token), undefined, token)
})

test('HS512 with the right key is refused, too: the algorithm is pinned', async () => {
  const long = createTokens(host, new Uint8Array(64).fill(1))
  const token = await sign({ alg: 'HS512', key: new Uint8Array(64).fill(1) })
  assert.equal(await long.read(token), undefined)
})

test('garbage of any kind is nobody, and nothing throws', async () => {
  const good = await tokens.issue(session)
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string(),
        fc.array(fc.base64String(), { minLength: 3, maxLength: 3 }).map((parts) => parts.join('.')),
        fc.nat(good.length - 1).map((at) => good.slice(0, at)),
      ),
      async (text) => assert.equal(await tokens.read(text), undefined),
    ),
    { numRuns: 200 },
  )
})

test('a token of more than 8 KiB is not even parsed', async () => {
  const token = await sign({ jti: 'x'.repeat(8192) })
  assert.equal(await tokens.read(token), undefined)
  const bare = (await sign({ jti: '' })).length
  const padding = Math.ceil(((8192 - bare) * 3) / 4)
  const fits = await sign({ jti: 'x'.repeat(padding) })
  assert.equal(fits.length, 8192)
  assert.equal((await tokens.read(fits))?.sessionId.length, padding)
  assert.equal(await tokens.read(await sign({ jti: 'x'.repeat(padding + 1) })), undefined)
})

test('a token that names no session is nobody, and what is none has no user', async () => {
  const nameless = await new SignJWT({ iss: host, aud: [host], sub: 'u-1' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(key)
  assert.equal(await tokens.read(nameless), undefined)
  assert.equal(await tokens.userOf('garbage'), undefined)
})

test('tokens of former keys are read, and none is made by one', async () => {
  const former = new Uint8Array(32).fill(9)
  const after = createTokens(host, key, [new Uint8Array(32).fill(8), former])
  const old = await sign({ key: former })
  assert.equal((await after.read(old))?.sessionId, session.id)
  assert.equal((await tokens.read(await after.issue(session)))?.sessionId, session.id)
  assert.equal(await tokens.read(old), undefined)
})

test('a fault of the machine is not taken for a token of somebody else', async (t) => {
  const token = await tokens.issue(session)
  t.mock.method(crypto.subtle, 'importKey', () => Promise.reject(new Error('out of memory')))
  await assert.rejects(tokens.read(token), { message: 'out of memory' })
})

test('the four header forms are read, their scheme names in any case', () => {
  for (const headers of [
    { authorization: 'Pomerium a.b.c' },
    { authorization: 'pomerium   a.b.c ' },
    { authorization: 'Bearer Pomerium-a.b.c' },
    { authorization: 'bearer POMERIUM-a.b.c' },
    { authorization: 'Bearer  Pomerium-a.b.c' },
    { 'x-pomerium-authorization': ' a.b.c ' },
    { 'x-pomerium-authorization': 'a.b.c' },
    { 'x-pomerium-authorization': 'a.b.c', authorization: 'Pomerium other' },
    { 'x-pomerium-authorization': '', authorization: 'Pomerium a.b.c' },
    { 'cf-access-token': 'a.b.c' },
    { 'cf-access-token': 'a.b.c', authorization: 'Basic dXNlcjpwYXNz' },
    { 'cf-access-token': 'other', authorization: 'Pomerium a.b.c' },
  ]) {
    assert.equal(tokenFromHeaders(headers), 'a.b.c', JSON.stringify(headers))
  }
})

test('the first source that holds anything wins, also when it is worthless', () => {
  const headers = { 'x-pomerium-authorization': 'garbage', authorization: 'Pomerium a.b.c' }
  assert.equal(tokenFromHeaders(headers), 'garbage')
  assert.equal(tokenFromHeaders({ 'x-pomerium-authorization': ['a.b.c', 'd'] }), 'a.b.c, d')
})

test('other schemes, cookies and empty values hold no token', () => {
  for (const headers of [
    {},
    { authorization: 'Basic dXNlcjpwYXNz' },
    { authorization: 'Bearer a.b.c' },
    { authorization: 'Pomerium' },
    { authorization: 'Pomerium ' },
    { authorization: 'Bearer Pomerium-' },
    { authorization: 'Basic Pomerium a.b.c' },
    { authorization: 'Pomerium a.b.c\nx' },
    { 'cf-access-token': '' },
    { cookie: '__Host-postern=a.b.c' },
  ]) {
    assert.equal(tokenFromHeaders(headers), undefined, JSON.stringify(headers))
  }
})

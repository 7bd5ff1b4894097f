import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SignJWT, UnsecuredJWT, createLocalJWKSet, exportJWK, generateKeyPair } from 'jose'
import type { JWTHeaderParameters, JWTPayload } from 'jose'
import { AccessError } from '../errors.ts'
import { namedProvider, readLogoutToken } from './logout-token.ts'

const issuer = 'https://idp.example.com'
const event = 'http://schemas.openid.net/event/backchannel-logout'
const nowMs = 1_700_000_000_000
const iat = nowMs / 1000

const own = await generateKeyPair('RS256')
const foreign = await generateKeyPair('RS256')
const jwk = { ...(await exportJWK(own.publicKey)), kid: 'k-1', alg: 'RS256', use: 'sig' }
const foreignJwk = await exportJWK(foreign.publicKey)
const keys = createLocalJWKSet({ keys: [jwk] })

const good: JWTPayload = {
  iss: issuer,
  aud: 'postern',
  iat,
  exp: iat + 120,
  jti: 't-1',
  events: { [event]: {} },
  sub: 'u-1',
  sid: 's-1',
}

interface Made {
  readonly header?: Partial<JWTHeaderParameters>
  readonly key?: CryptoKey | Uint8Array
}

function make(change: Readonly<Record<string, unknown>> = {}, made: Made = {}): Promise<string> {
  const claims = Object.entries({ ...good, ...change }).filter(([, it]) => it !== undefined)
  const header = { alg: 'RS256', kid: 'k-1', typ: 'logout+jwt', ...made.header }
  return new SignJWT(Object.fromEntries(claims))
    .setProtectedHeader(header)
    .sign(made.key ?? own.privateKey, { crit: { postern: true } })
}

const provider = {
  id: 'default',
  issuer,
  clientId: 'postern',
  userIdOf: (subject: string): string => subject,
}

const read = async (token: string | Promise<string>) =>
  readLogoutToken(await token, { provider, keys, nowMs })

test('a good token says who is signed out', async () => {
  const { userId, sid, tokenId, issuedAtMs, keptUntilMs } = await read(make())
  assert.deepEqual([userId, sid, tokenId, issuedAtMs], ['u-1', 's-1', 't-1', nowMs])
  // Longer than the token itself is taken.
  assert.equal(keptUntilMs, nowMs + 7 * 60_000)
  await assert.rejects(
    readLogoutToken(await make({ exp: undefined }), { provider, keys, nowMs: keptUntilMs }),
  )
})

const taken: readonly [string, Readonly<Record<string, unknown>>, Made?][] = [
  ['a person alone', { sid: undefined }],
  ['a sign-in alone', { sub: undefined }],
  ['several audiences', { aud: ['other', 'postern'] }],
  ['an issuer with its slash', { iss: `${issuer}/` }],
  ['no end of its own, as before December 2023', { exp: undefined }],
  ['no type', {}, { header: { typ: undefined } as never }],
  ['the type of any JWT', {}, { header: { typ: 'JWT' } }],
  ['its type in full', {}, { header: { typ: 'application/logout+jwt' } }],
  ['further claims', { events: { [event]: {}, 'https://example.com/e': 1 }, org: 'x' }],
  ['a clock that is a little ahead', { iat: iat + 50 }],
]
for (const [what, change, made] of taken)
  test(`a token is taken with ${what}`, async () => {
    assert.equal((await read(make(change, made))).tokenId, 't-1')
  })

const refused: readonly [string, Readonly<Record<string, unknown>>, Made?][] = [
  ['another issuer', { iss: 'https://other.example.com' }],
  ['no issuer', { iss: undefined }],
  ['another audience', { aud: 'other' }],
  ['no audience', { aud: undefined }],
  ['no time', { iat: undefined }],
  ['a time long ago', { iat: iat - 400, exp: undefined }],
  ['a time long ago, and a late end', { iat: iat - 400, exp: iat + 9_000 }],
  ['a time to come', { iat: iat + 300, exp: iat + 600 }],
  ['its end passed', { exp: iat - 61 }],
  ['an end that is text', { exp: 'never' }],
  ['no id', { jti: undefined }],
  ['an empty id', { jti: '' }],
  ['no event', { events: undefined }],
  ['another event', { events: { 'https://example.com/e': {} } }],
  ['events that are a list', { events: [event] }],
  ['an event that is text', { events: { [event]: 'yes' } }],
  ['an event that is null', { events: { [event]: null } }],
  ['a nonce', { nonce: 'n' }],
  ['a nonce that is null', { nonce: null }],
  ['nobody', { sub: undefined, sid: undefined }],
  ['an empty person', { sub: '' }],
  ['a sign-in that is a number', { sid: 7 }],
  ['the type of another token', {}, { header: { typ: 'at+jwt' } }],
  ["somebody else's signature", {}, { key: foreign.privateKey }],
  ['a key that is not there', {}, { header: { kid: 'k-2' } }],
  ['a key that it brings along', {}, { header: { jwk: foreignJwk }, key: foreign.privateKey }],
  [
    'a place of keys that it brings along',
    {},
    { header: { jku: 'https://evil.example/keys' }, key: foreign.privateKey },
  ],
  [
    'a certificate that it brings along',
    {},
    { header: { x5u: 'https://evil.example/x.pem' }, key: foreign.privateKey },
  ],
  ['an extension that has to be understood', {}, { header: { crit: ['postern'], postern: 1 } }],
  [
    'the public key for a secret',
    {},
    { header: { alg: 'HS256' }, key: new TextEncoder().encode(JSON.stringify(jwk)) },
  ],
  [
    "the client's secret for a key",
    {},
    { header: { alg: 'HS256' }, key: new TextEncoder().encode('a secret of this very client') },
  ],
]
for (const [what, change, made] of refused)
  test(`a token is refused with ${what}`, async () => {
    await assert.rejects(read(make(change, made)), { code: 'logout-token-invalid' })
  })

test('whoever runs the sign-in service is told what is wrong with a token', async () => {
  for (const [change, why, made] of [
    [{}, 'its type is another one', { header: { typ: 'at+jwt' } }],
    [{ nonce: 'n' }, 'it has a nonce'],
    [{ events: {} }, 'it is about another event'],
    [{ jti: 7 }, 'it has no id'],
    [{ jti: undefined }, 'missing required "jti" claim'],
    [{ events: undefined }, 'missing required "events" claim'],
    [{ sub: '' }, 'it names nobody'],
    [{ sub: undefined, sid: undefined }, 'it names nobody'],
  ] as readonly (readonly [Readonly<Record<string, unknown>>, string, Made?])[])
    await assert.rejects(read(make(change, made)), {
      name: 'AccessError',
      code: 'logout-token-invalid',
      message: `the logout token is not good: ${why}`,
      hint: 'whoever runs the sign-in service should look at what it sends',
    })
  assert.throws(() => namedProvider('what', [provider]), { code: 'logout-token-invalid' })
  const foreign = await make({ iss: 'https://other.example.com' })
  assert.throws(() => namedProvider(foreign, [provider]), {
    message:
      'the logout token is not good: it is of no sign-in service of this gateway, or not for it',
  })
})

test('where the keys cannot be had the token is neither good nor bad', async () => {
  const token = await make()
  const reading = (error: Error) => {
    const keys = (): never => {
      throw error
    }
    return readLogoutToken(token, { provider, keys, nowMs })
  }
  const cause = new TypeError('fetch failed')
  await assert.rejects(reading(cause), {
    name: 'AccessError',
    code: 'provider-unavailable',
    message: 'the keys of the sign-in service cannot be had now',
    hint: 'whoever it is about stays signed in until their session is refreshed',
    cause,
  })
  const own = new AccessError('provider-blocked', 'blocked')
  await assert.rejects(reading(own), own)
})

test('no token without a signature, and no id token, is one', async () => {
  const unsigned = new UnsecuredJWT(good).encode()
  await assert.rejects(read(unsigned), { code: 'logout-token-invalid' })
  await assert.rejects(read('what'), { code: 'logout-token-invalid' })
  const idToken = make(
    { events: undefined, jti: undefined, nonce: 'n' },
    { header: { typ: 'JWT' } },
  )
  await assert.rejects(read(idToken), { code: 'logout-token-invalid' })
})

test('a payload that was changed after it was signed is refused', async () => {
  const [header, , signature] = (await make()).split('.')
  const [, payload] = (await make({ sub: 'u-2' })).split('.')
  await assert.rejects(read([header, payload, signature].join('.')), {
    code: 'logout-token-invalid',
  })
})

test('of several providers it is the one that the token names, and whose client it is for', async () => {
  const partner = { id: 'partner', issuer: 'https://partner.example.com', clientId: 'p' }
  const same = { ...provider, id: 'same', clientId: 'other' }
  const all = [partner, same, provider]
  assert.equal(namedProvider(await make(), all).id, 'default')
  assert.equal(namedProvider(await make({ aud: ['x', 'other'] }), all).id, 'same')
  assert.equal(
    namedProvider(await make({ iss: `${partner.issuer}/`, aud: 'p' }), all).id,
    'partner',
  )
  for (const change of [
    { iss: partner.issuer },
    { aud: 'p' },
    { iss: undefined },
    { aud: undefined },
  ]) {
    const token = await make(change)
    assert.throws(() => namedProvider(token, all), { code: 'logout-token-invalid' })
  }
  const own = { ...provider, userIdOf: (subject: string) => `partner/${subject}` }
  const { userId } = await readLogoutToken(await make(), { provider: own, keys, nowMs })
  assert.equal(userId, 'partner/u-1')
  const nobody = await make({ sub: undefined })
  const read = await readLogoutToken(nobody, { provider: own, keys, nowMs })
  assert.deepEqual([read.userId, read.sid], [undefined, 's-1'])
})

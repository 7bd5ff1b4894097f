import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { SignJWT, decodeJwt, decodeProtectedHeader, exportJWK } from 'jose'
import { createFakeClock } from '../fake-clock.ts'
import { createApplicationTokens, looksLikeApplicationToken } from './application-tokens.ts'
import type { Session } from './session.ts'
import type { SigningKey, SigningKeys } from './signing-keys.ts'

const minute = 60_000
const sessionLifeMs = 60 * minute
const startMs = 1_700_000_000_000
const host = 'tcp.site.com'
const audienceKey = new Uint8Array(32).fill(7)
const none = { fault: 'is none of this gateway' }

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwk = await exportJWK(pair.publicKey)

/** All of them the same pair, under names of their own. */
function keyOf(kid: string, createdAtMs: number, retiredAtMs?: number): SigningKey {
  const publicJwk = { ...jwk, kid, alg: 'RS256', use: 'sig' } as SigningKey['publicJwk']
  return { kid, privateKey: pair.privateKey, publicJwk, createdAtMs, retiredAtMs }
}

function make(
  change: Partial<Parameters<typeof createApplicationTokens>[0]> & { all?: SigningKey[] } = {},
) {
  const clock = createFakeClock(startMs)
  const all = change.all ?? [keyOf('k', startMs)]
  const keys: Pick<SigningKeys, 'all'> = {
    all: async (purpose) => (purpose === 'application-token' ? all : []),
  }
  const origin = new URL('https://gw.site.com')
  const options = { origin, keys, audienceKey, sessionLifeMs, clock, ...change }
  return { clock, tokens: createApplicationTokens(options) }
}

function session(endsInMs = sessionLifeMs): Session {
  const some: Partial<Session> = { id: 's1', userId: 'u1', expiresAtMs: startMs + endsInMs }
  return some as Session
}

/** A token that is right in everything that is not changed. */
function sign(
  change: Readonly<Record<string, unknown>> = {},
  header: object = {},
): Promise<string> {
  const good = { type: 'app', aud: [make().tokens.audienceOf(host)], iss: 'https://gw.site.com' }
  return new SignJWT({ jti: 's1', exp: startMs / 1000 + 60, ...good, ...change })
    .setProtectedHeader({ alg: 'RS256', kid: 'k', typ: 'JWT', ...header })
    .sign(pair.privateKey)
}

test('an AUD is made of the host name and the secret, and is the same in each release', () => {
  const { tokens } = make()
  const digest = (text: string) => createHmac('sha256', audienceKey).update(text).digest('hex')
  assert.equal(tokens.audienceOf('TCP.site.com'), digest('application tcp.site.com'))
  const team = digest('team https://gw.site.com').slice(0, 32)
  assert.equal(tokens.authDomain, `${team}.postern.cloudflareaccess.com`)
  const without = digest('team postern').slice(0, 32)
  assert.equal(
    make({ origin: undefined }).tokens.authDomain,
    `${without}.postern.cloudflareaccess.com`,
  )
})

test('a token says what stock clients read of it, and no address where there is none', async () => {
  const { tokens } = make()
  const token = (await tokens.issue(session(), host)) ?? ''
  assert.deepEqual(decodeProtectedHeader(token), { alg: 'RS256', kid: 'k', typ: 'JWT' })
  const claims = {
    type: 'app',
    aud: [tokens.audienceOf(host)],
    iss: 'https://gw.site.com',
    sub: 'u1',
    jti: 's1',
    iat: startMs / 1000,
    nbf: startMs / 1000,
    exp: startMs / 1000 + 3600,
  }
  assert.deepEqual(decodeJwt(token), claims)
  const named = await tokens.issue({ ...session(), email: 'a@x.example' }, host)
  assert.deepEqual(decodeJwt(named ?? ''), { ...claims, email: 'a@x.example' })
  assert.deepEqual(await tokens.read(token, host), { sessionId: 's1' })
})

test('a session must last for a quarter of an hour more, and there must be a key', async () => {
  const { tokens } = make()
  assert.ok(await tokens.issue(session(15 * minute), host))
  assert.equal(await tokens.issue(session(15 * minute - 1), host), undefined)
  assert.equal(await make({ all: [] }).tokens.issue(session(), host), undefined)
})

test('a token that is wrong in anything names no session, and says whose fault it is', async () => {
  const { tokens, clock } = make()
  assert.deepEqual(await tokens.read(await sign(), host), { sessionId: 's1' })
  for (const token of [
    await sign({ iss: 'https://other.site.com' }),
    await sign({ type: 'org' }),
    await sign({ type: undefined }),
    await sign({ jti: undefined }),
    await sign({ nbf: startMs / 1000 + 6 }),
    await sign({}, { typ: 'other' }),
    await sign({}, { alg: 'PS256' }),
    await sign({}, { kid: 'other' }),
    '',
    'a.b.c',
  ])
    assert.deepEqual(await tokens.read(token, host), none, token)
  const elsewhere = { fault: 'is that of another application' }
  assert.deepEqual(await tokens.read(await sign(), 'ssh.site.com'), elsewhere)
  // The clocks of two gateways may differ by five seconds.
  assert.deepEqual(await tokens.read(await sign({ nbf: startMs / 1000 + 5 }), host), {
    sessionId: 's1',
  })
  clock.advance(64_000)
  assert.deepEqual(await tokens.read(await sign(), host), { sessionId: 's1' })
  clock.advance(1_000)
  assert.deepEqual(await tokens.read(await sign(), host), { fault: 'has expired' })
})

test('a token of 8 KiB is read, and none that is longer', async () => {
  const bare = (await sign({ pad: '' })).length
  const padding = Math.ceil(((8192 - bare) * 3) / 4)
  const fits = await sign({ pad: 'x'.repeat(padding) })
  assert.equal(fits.length, 8192)
  const { tokens } = make()
  assert.deepEqual(await tokens.read(fits, host), { sessionId: 's1' })
  assert.deepEqual(await tokens.read(await sign({ pad: 'x'.repeat(padding + 1) }), host), none)
})

test('a token for the AUD of a former secret is good as well', async () => {
  const former = new Uint8Array(32).fill(8)
  const aud = [make({ audienceKey: former }).tokens.audienceOf(host)]
  const { tokens } = make({ formerAudienceKeys: [new Uint8Array(32).fill(9), former] })
  assert.deepEqual(await tokens.read(await sign({ aud }), host), { sessionId: 's1' })
  const without = { fault: 'is that of another application' }
  assert.deepEqual(await make().tokens.read(await sign({ aud }), host), without)
})

test('a retired key is known until every session has ended that was begun with it', async () => {
  const retired = keyOf('old', startMs - 2 * sessionLifeMs, startMs - sessionLifeMs + 1)
  const { tokens, clock } = make({ all: [keyOf('new', startMs), retired] })
  const names = async () => (await tokens.keySet()).keys.map((key) => (key as { kid: string }).kid)
  const token = await sign({}, { kid: 'old' })
  assert.deepEqual(await names(), ['new', 'old'])
  assert.deepEqual(await tokens.read(token, host), { sessionId: 's1' })
  clock.advance(1)
  assert.deepEqual(await names(), ['new'])
  assert.deepEqual(await tokens.read(token, host), none)
})

test('the settled key is the newest that is as old as a session, or else the oldest', async () => {
  const ages = (...all: number[]) => all.map((ageMs) => keyOf(`${ageMs}`, startMs - ageMs))
  const settled = async (...all: number[]) =>
    (await make({ all: ages(...all) }).tokens.settledKey()).kid
  assert.equal(await settled(0, sessionLifeMs, 2 * sessionLifeMs), `${sessionLifeMs}`)
  assert.equal(await settled(0, 1, sessionLifeMs - 1), `${sessionLifeMs - 1}`)
  await assert.rejects(settled(), { name: 'TypeError', message: 'there is always a key' })
})

test('a fault of the machine is not taken for a token of somebody else', async (t) => {
  const token = await sign()
  t.mock.method(crypto.subtle, 'importKey', () => Promise.reject(new Error('out of memory')))
  await assert.rejects(make().tokens.read(token, host), { message: 'out of memory' })
})

test('a token is taken for one by its head alone, however worthless', () => {
  const of = (head: string): boolean =>
    looksLikeApplicationToken(`${Buffer.from(head).toString('base64url')}.x.y`)
  assert.equal(of('{"alg":"RS256"}'), true)
  for (const head of ['{"alg":"HS256"}', '{}', '[]', 'null', '1', '"RS256"', '', 'x'])
    assert.equal(of(head), false, head)
  const late = `{${' '.repeat(8192)}"alg":"RS256"}`
  assert.equal(of(late), false)
})

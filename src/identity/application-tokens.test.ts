import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose'
import { createFakeClock, type FakeClock } from '../fake-clock.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { createApplicationMetadata } from './application-metadata.ts'
import {
  createApplicationTokens,
  looksLikeApplicationToken,
  type ApplicationTokens,
} from './application-tokens.ts'
import type { Session } from './session.ts'
import { createSigningKeys, type SigningKeys } from './signing-keys.ts'

const hour = 3_600_000
const sessionLifeMs = 14 * hour
const host = 'tcp.site.com'

describe('a token of an application', () => {
  test('has the form that stock clients keep, and names its session', async () => {
    await using rig = await openRig()
    const token = (await rig.tokens.issue(session(rig.clock), host)) ?? ''
    // cloudflared sorts them by name before it sends a token; the signature covers the order.
    assert.deepEqual(Object.keys(decodeProtectedHeader(token)), ['alg', 'kid', 'typ'])
    assert.equal(decodeProtectedHeader(token).alg, 'RS256')
    const { aud, exp, nbf, iat, ...rest } = decodeJwt(token)
    assert.deepEqual(aud, [rig.tokens.audienceOf(host)])
    assert.match(String(aud), /^[0-9a-f]{64}$/)
    assert.equal(exp, Math.floor((rig.clock.now() + sessionLifeMs) / 1000))
    assert.deepEqual([nbf, iat], Array(2).fill(Math.floor(rig.clock.now() / 1000)))
    assert.deepEqual(rest, {
      type: 'app',
      email: 'alice@example.com',
      iss: 'https://gw.site.com',
      sub: 'u1',
      jti: 's1',
    })
    assert.deepEqual(await rig.tokens.read(token, 'TCP.site.com'), { sessionId: 's1' })
    const keySet = await rig.tokens.keySet()
    const verified = await jwtVerify(token, createLocalJWKSet(keySet as never), {
      currentDate: new Date(rig.clock.now()),
    })
    assert.equal(verified.payload.jti, 's1')
    assert.doesNotMatch(JSON.stringify(keySet), /"[dpq]"/)
  })

  test('is worth nothing at another application, after its end, and when anything was changed', async () => {
    await using rig = await openRig()
    const token = (await rig.tokens.issue(session(rig.clock), host)) ?? ''
    const at = (text: string, where = host) => rig.tokens.read(text, where)
    assert.deepEqual(await at(token, 'ssh.site.com'), { fault: 'is that of another application' })
    const [head = '', body = '', signature = ''] = token.split('.')
    const none = { fault: 'is none of this gateway' }
    const other = Buffer.from(body, 'base64url').toString().replace('s1', 's2')
    const changed = `${head}.${Buffer.from(other).toString('base64url')}.${signature}`
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`
    for (const text of [changed, unsigned, `${head}.${body}.`, 'x'.repeat(9000), '', '..', 'a.b.c'])
      assert.deepEqual(await at(text), none, text.slice(0, 20))
    rig.clock.advance(sessionLifeMs + 10_000)
    assert.deepEqual(await at(token), { fault: 'has expired' })
  })

  test('signed with the public key as a secret is none (RFC 8725 §3.1)', async () => {
    await using rig = await openRig()
    const { keys } = await rig.tokens.keySet()
    const token = await new SignJWT({ type: 'app', aud: [rig.tokens.audienceOf(host)] })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setJti('s1')
      .sign(Buffer.from(JSON.stringify(keys[0])))
    assert.deepEqual(await rig.tokens.read(token, host), { fault: 'is none of this gateway' })
    assert.equal(looksLikeApplicationToken(token), false)
  })

  test('under the name of another key is none', async () => {
    await using rig = await openRig()
    const { kid, privateKey } = await rig.tokens.settledKey()
    const token = (await rig.tokens.issue(session(rig.clock), host)) ?? ''
    const renamed = (name: string): Promise<string> =>
      new SignJWT(decodeJwt(token))
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: name })
        .sign(privateKey)
    assert.deepEqual(await rig.tokens.read(await renamed(kid), host), { sessionId: 's1' })
    for (const name of ['another', '', '../key']) {
      const read = await rig.tokens.read(await renamed(name), host)
      assert.deepEqual(read, { fault: 'is none of this gateway' }, name)
    }
  })

  test('is not made for a session that ends within a quarter of an hour', async () => {
    await using rig = await openRig()
    const { clock, tokens } = rig
    const ending = (lifeMs: number) => ({ ...session(clock), expiresAtMs: clock.now() + lifeMs })
    assert.equal(await tokens.issue(ending(14 * 60_000), host), undefined)
    assert.ok(await tokens.issue(ending(15 * 60_000), host))
  })

  test('outlives the rotation of its key, until nobody can have one', async () => {
    await using rig = await openRig()
    const token = (await rig.tokens.issue(session(rig.clock), host)) ?? ''
    await rig.keys.rotate('application-token')
    assert.equal((await rig.tokens.keySet()).keys.length, 2)
    assert.deepEqual(await rig.tokens.read(token, host), { sessionId: 's1' })
    const next = (await rig.tokens.issue(session(rig.clock), host)) ?? ''
    assert.notEqual(decodeProtectedHeader(next).kid, decodeProtectedHeader(token).kid)
    rig.clock.advance(sessionLifeMs + 1)
    assert.equal((await rig.tokens.keySet()).keys.length, 1)
  })

  test('is told from what was never meant as one', () => {
    for (const text of ['', 'x', 'e30.e30.', 'bnVsbA.e30.', Buffer.from('1').toString('base64url')])
      assert.equal(looksLikeApplicationToken(text), false, text)
    const head = Buffer.from('{"alg":"RS256"}').toString('base64url')
    assert.equal(looksLikeApplicationToken(`${head}.x.y`), true)
  })
})

describe('what names an application', () => {
  test('is stable for its host, and another one elsewhere and for another secret', async () => {
    await using rig = await openRig()
    const { audienceOf, authDomain } = rig.tokens
    assert.equal(audienceOf(host), audienceOf(host.toUpperCase()))
    const other = { ...rig.options, audienceKey: new Uint8Array(32).fill(9) }
    const all = [
      audienceOf(host),
      audienceOf('ssh.site.com'),
      createApplicationTokens(other).audienceOf(host),
    ]
    assert.equal(new Set(all).size, 3)
    assert.match(authDomain, /^[0-9a-f]{32}\.postern\.cloudflareaccess\.com$/)
  })

  test('is signed metadata in the form that stock clients check', async () => {
    await using rig = await openRig()
    const metadata = createApplicationMetadata(rig.tokens, rig.clock)
    const text = (await metadata('a.apps.site.com', '*.apps.site.com')) ?? ''
    const { payload } = await jwtVerify(
      text,
      createLocalJWKSet((await rig.tokens.keySet()) as never),
    )
    assert.deepEqual(payload, {
      type: 'match',
      hostname: 'a.apps.site.com',
      app_hostname: '*.apps.site.com',
      auth_domain: rig.tokens.authDomain,
      aud: rig.tokens.audienceOf('*.apps.site.com'),
      iat: Math.floor(rig.clock.now() / 1000),
    })
  })

  test('is signed once an hour, however often it is asked for', async () => {
    await using rig = await openRig()
    const metadata = createApplicationMetadata(rig.tokens, rig.clock)
    const first = metadata(host, host)
    assert.equal(metadata(host, host), first)
    rig.clock.advance(hour)
    assert.notEqual(await metadata(host, host), await first)
  })

  test('is signed for so many names of a wildcard in a while, and no more', async () => {
    await using rig = await openRig()
    const metadata = createApplicationMetadata(rig.tokens, rig.clock)
    const asked = Array.from({ length: 150 }, (_, i) => metadata(`${i}.site.com`, '*.site.com'))
    const answered = (await Promise.all(asked)).filter((text) => text !== undefined)
    assert.equal(answered.length, 100)
    assert.ok(await metadata('0.site.com', '*.site.com'))
    rig.clock.advance(10_000)
    assert.ok(await metadata('149.site.com', '*.site.com'))
  })

  test('is signed with a key that was there at the last sign-in of whoever checks it', async () => {
    await using rig = await openRig()
    const before = (await rig.tokens.settledKey()).kid
    await rig.keys.rotate('application-token')
    assert.equal((await rig.tokens.settledKey()).kid, before)
    rig.clock.advance(sessionLifeMs)
    assert.notEqual((await rig.tokens.settledKey()).kid, before)
  })
})

interface Rig extends AsyncDisposable {
  readonly clock: FakeClock
  readonly keys: SigningKeys
  readonly options: Parameters<typeof createApplicationTokens>[0]
  readonly tokens: ApplicationTokens
}

async function openRig(): Promise<Rig> {
  const store = await openSqliteStore(':memory:')
  const clock = createFakeClock(Date.now())
  const keys = createSigningKeys(store, clock)
  const options = {
    origin: new URL('https://gw.site.com'),
    keys,
    audienceKey: new Uint8Array(32).fill(7),
    sessionLifeMs,
    clock,
  }
  const tokens = createApplicationTokens(options)
  return { clock, keys, options, tokens, [Symbol.asyncDispose]: () => store.close() }
}

function session(clock: FakeClock): Session {
  const nowMs = clock.now()
  return {
    kind: 'person',
    id: 's1',
    userId: 'u1',
    email: 'alice@example.com',
    emailVerified: true,
    name: undefined,
    groups: [],
    claims: {},
    provider: 'default',
    issuer: 'https://login.example.com',
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + sessionLifeMs,
    refreshedAtMs: nowMs,
    refreshDueAtMs: nowMs,
  }
}

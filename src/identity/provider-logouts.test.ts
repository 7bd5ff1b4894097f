import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { SignJWT, UnsecuredJWT, exportJWK, generateKeyPair } from 'jose'
import { createFakeClock } from '../fake-clock.ts'
import { openIdentity } from './identity.fixture.ts'
import { sessionRecord } from '../store/session-store.suite.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { ProviderKeySource } from './provider-keys.ts'
import { createEndIfSignedOut } from './signed-out.ts'
import { createProviderLogouts } from './provider-logouts.ts'

const issuer = 'https://idp.example.com'
const event = 'http://schemas.openid.net/event/backchannel-logout'

/** A provider that counts how often its keys are asked for, which tests replace. */
async function setUp(t: TestContext) {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const clock = createFakeClock(Date.now())
  const asked = { places: 0, keys: 0 }
  let answer: () => Promise<Response> = () => Promise.reject(new TypeError('fetch failed'))
  let isThere = true
  const ended: string[] = []
  const userIdOf = (subject: string): string => subject
  const keySource = (): Promise<ProviderKeySource> => {
    asked.places += 1
    if (!isThere) return Promise.reject(new Error('down'))
    const fetch = (): Promise<Response> => {
      asked.keys += 1
      return answer()
    }
    return Promise.resolve({ url: new URL('/jwks', issuer), fetch })
  }
  const logouts = createProviderLogouts({
    store,
    clock,
    audit: (event, { id }) => void ended.push(`${id}: ${event}`),
    providers: { all: [{ id: 'default', issuer, clientId: 'postern', userIdOf, keySource }] },
  })
  let count = 0
  return {
    store,
    clock,
    logouts,
    asked,
    ended,
    setThere: (there: boolean) => void (isThere = there),
    /** Publishes one key, and answers what signs with it. */
    async publish(kid: string) {
      const { privateKey, publicKey } = await generateKeyPair('ES256')
      const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256' }
      answer = () => Promise.resolve(Response.json({ keys: [jwk] }))
      return signer(kid, privateKey)
    },
    forger: async (kid: string) => signer(kid, (await generateKeyPair('ES256')).privateKey),
  }

  function signer(kid: string, key: CryptoKey) {
    return (claims: Readonly<Record<string, unknown>> = { sub: 'u-1' }): Promise<string> =>
      new SignJWT({ events: { [event]: {} }, jti: String((count += 1)), ...claims })
        .setProtectedHeader({ alg: 'ES256', kid })
        .setIssuer(issuer)
        .setAudience('postern')
        .setIssuedAt(Math.floor(clock.now() / 1000))
        .sign(key)
  }
}

test('a token ends its sessions, each with an entry, and does so once', async (t) => {
  const rig = await setUp(t)
  const sign = await rig.publish('k-1')
  for (const id of ['a', 'b']) await rig.store.sessions.add(sessionRecord({ id }))
  const token = await sign()
  assert.equal(await rig.logouts.end(token), 2)
  assert.deepEqual(rig.ended.toSorted(), [
    'a: session ended: signed out at the provider',
    'b: session ended: signed out at the provider',
  ])
  await assert.rejects(rig.logouts.end(token), { code: 'logout-token-used' })
  assert.equal(await rig.logouts.end(await sign()), 0)
})

test('of one token that comes twice at once one is taken', async (t) => {
  const rig = await setUp(t)
  const token = await (await rig.publish('k-1'))()
  const both = await Promise.allSettled([rig.logouts.end(token), rig.logouts.end(token)])
  assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
})

test('a flood with keys that nobody has asks the provider once, and hinders no token of its own', async (t) => {
  const rig = await setUp(t)
  const sign = await rig.publish('k-1')
  await rig.logouts.end(await sign())
  const forge = await rig.forger('made-up')
  for (let sent = 0; sent < 100; sent += 1)
    await assert.rejects(rig.logouts.end(await forge()), { code: 'logout-token-invalid' })
  assert.deepEqual(rig.asked, { places: 1, keys: 1 })
  assert.equal(await rig.logouts.end(await sign()), 0)
})

test('a key that the provider has made since is taken after the pause', async (t) => {
  const rig = await setUp(t)
  const sign = await rig.publish('k-1')
  await rig.logouts.end(await sign())
  const signAnew = await rig.publish('k-2')
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 6_000 })
  rig.clock.advance(6_000)
  assert.equal(await rig.logouts.end(await signAnew()), 0)
  assert.equal(rig.asked.keys, 2)
})

test('a provider that is down is asked seldom, and again after the pause', async (t) => {
  const rig = await setUp(t)
  const forge = await rig.forger('k-1')
  rig.setThere(false)
  for (let sent = 0; sent < 20; sent += 1)
    await assert.rejects(rig.logouts.end(await forge()), { code: 'provider-unavailable' })
  assert.deepEqual(rig.asked, { places: 1, keys: 0 })
  rig.setThere(true)
  rig.clock.advance(5_000)
  for (let sent = 0; sent < 20; sent += 1)
    await assert.rejects(rig.logouts.end(await forge()), { code: 'provider-unavailable' })
  assert.deepEqual(rig.asked, { places: 2, keys: 1 })
  const sign = await rig.publish('k-1')
  rig.clock.advance(5_000)
  assert.equal(await rig.logouts.end(await sign()), 0)
})

test('while too many are checked a further one is refused', async (t) => {
  const rig = await setUp(t)
  const sign = await rig.publish('k-1')
  const tokens = await Promise.all(Array.from({ length: 65 }, () => sign()))
  const all = await Promise.allSettled(tokens.map((token) => rig.logouts.end(token)))
  const last = all.at(-1)
  assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 64)
  assert.equal(
    last?.status === 'rejected' && (last.reason as { code: string }).code,
    'too-many-logouts',
  )
  assert.equal(await rig.logouts.end(await sign()), 0)
})

test('a sign-in that was under way when its person was signed out leads to no session', async (t) => {
  const { store, clock, logouts, publish } = await setUp(t)
  const sign = await publish('k-1')
  const idToken = await sign({ sub: 'u-1', sid: 's-1' })
  const end = createEndIfSignedOut({
    store,
    clock,
    revoke: (id, reason) => store.sessions.remove(id, reason),
  })
  const session = sessionRecord({ id: 'a' })
  await store.sessions.add(session)
  await end(session, idToken)
  assert.ok(await store.sessions.get('a'))
  await logouts.end(await sign({ sub: 'u-2' }))
  await end(session, idToken)
  await logouts.end(await sign({ sid: 's-1' }))
  assert.ok(await store.sessions.get('a'))
  await assert.rejects(end(session, idToken), { code: 'signed-out-meanwhile' })
  assert.equal(await store.sessions.get('a'), undefined)
})

test('neither a sign-in nor a renewal goes past a logout that came meanwhile', async (t) => {
  const nobody = { issuer: new URL('http://127.0.0.1:9'), clientId: 'c', clientSecret: 's' }
  const { identity, store, clock } = await openIdentity(nobody)
  t.after(() => identity.close().then(() => store.close()))
  const { sessions } = identity
  const [before, after] = [clock.now() / 1000 - 60, clock.now() / 1000 + 60]
  const signedIn = (iat: number, sid?: string) => ({
    userId: 'u-1',
    provider: 'default',
    issuer: 'http://127.0.0.1:9',
    claims: {},
    tokens: {
      accessToken: 'at',
      accessTokenLifeMs: undefined,
      refreshToken: undefined,
      idToken: new UnsecuredJWT({ iat, ...(sid !== undefined && { sid }) }).encode(),
    },
  })
  const logout = (tokenId: string, sid: string | undefined) =>
    store.providerLogouts.take(
      {
        provider: 'default',
        issuer: 'http://127.0.0.1:9',
        tokenId,
        userId: 'u-1',
        sid,
        issuedAtMs: clock.now(),
        keptUntilMs: clock.now() + 60_000,
      },
      clock.now(),
      9,
    )
  await logout('t-1', undefined)
  const refused = { code: 'signed-out-meanwhile' }
  await assert.rejects(sessions.create(signedIn(before)), refused)
  assert.deepEqual(await store.sessions.list(), [])
  const { id } = await sessions.create(signedIn(after, 'one'))
  assert.equal((await store.sessions.getFacts(id))?.sid, 'one')
  assert.ok(await sessions.confirm(id, signedIn(after, 'two')))
  assert.equal((await store.sessions.getFacts(id))?.sid, 'two')
  await logout('t-2', 'three')
  await assert.rejects(sessions.confirm(id, signedIn(after, 'three')), refused)
  assert.deepEqual(await store.sessions.list(), [])
})

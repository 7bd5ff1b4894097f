import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { hasCredential } from './credential-headers.ts'
import { SignJWT } from 'jose'
import { callbackOrigin, openIdentity } from './identity.fixture.ts'
import type { IdentityFixture } from './identity.fixture.ts'
import { deriveKeys } from './keys.ts'
import { seal } from './sealed.ts'
import type { Session } from './session.ts'

// Nothing here asks the provider: nobody listens on this port.
const nobody = { issuer: new URL('http://127.0.0.1:9'), clientId: 'c', clientSecret: 's' }

async function setUp(t: TestContext): Promise<IdentityFixture & { session: Session }> {
  const fixture = await openIdentity(nobody)
  t.after(() => fixture[Symbol.asyncDispose]())
  const session = await fixture.identity.sessions.create({
    userId: 'u-1',
    provider: 'default',
    issuer: nobody.issuer.origin,
    claims: { sub: 'u-1', email: 'alice@example.com' },
    tokens: {
      accessToken: 'at',
      accessTokenLifeMs: undefined,
      refreshToken: undefined,
      idToken: undefined,
    },
  })
  return { ...fixture, session }
}

test('a token in a header names its session, until the session ends', async (t) => {
  const { identity, session } = await setUp(t)
  const headers = { authorization: `Pomerium ${await identity.tokens.issue(session)}` }
  const live = await identity.fromHeaders(headers)
  const endsAtMs = Math.floor(session.expiresAtMs / 1000) * 1000
  assert.deepEqual(live, { session, version: identity.sessions.version(session.id), endsAtMs })
  await identity.sessions.revoke(session.id)
  assert.equal(await identity.fromHeaders(headers), undefined)
  assert.equal(hasCredential(headers), true)
})

test('a token of an application names its session there, and nobody anywhere else', async (t) => {
  const { identity, session } = await setUp(t)
  const token = (await identity.applications.issue(session, 'tcp.site.com')) ?? ''
  const headers = { 'cf-access-token': token }
  const live = await identity.fromHeaders(headers, 'tcp.site.com')
  assert.equal(live?.session.id, session.id)
  assert.equal(await identity.fromHeaders(headers), undefined)
  assert.equal(await identity.fromHeaders(headers, 'ssh.site.com'), undefined)
  const other = await identity.credentialFault(headers, 'ssh.site.com')
  assert.equal(other, 'the token is that of another application')
  await identity.sessions.revoke(session.id)
  assert.equal(await identity.fromHeaders(headers, 'tcp.site.com'), undefined)
  const over = await identity.credentialFault(headers, 'tcp.site.com')
  assert.equal(over, 'the sign-in of the token has ended')
})

test('what is wrong with a credential is told by its kind, and nothing where there is none', async (t) => {
  const { identity, session } = await setUp(t)
  const token = await identity.tokens.issue(session)
  await identity.sessions.revoke(session.id)
  const faultOf = (headers: Record<string, string>) =>
    identity.credentialFault(headers, 'tcp.site.com')
  assert.equal(await faultOf({}), undefined)
  assert.match((await faultOf({ authorization: `Pomerium ${token}` })) ?? '', /has ended$/)
  assert.match((await faultOf({ 'cf-access-token': 'x' })) ?? '', /none of this gateway/)
  const service = { 'cf-access-client-id': 'ci', 'cf-access-client-secret': 'x' }
  assert.match((await faultOf(service)) ?? '', /^the service token/)
})

test('a tunnel never takes a cookie, a page never takes a header', async (t) => {
  const { identity, session } = await setUp(t)
  const cookie = (await identity.cookie.issue(session)).split(';')[0] ?? ''
  const token = await identity.tokens.issue(session)
  assert.equal((await identity.fromCookie(cookie))?.session.id, session.id)
  assert.equal(await identity.fromHeaders({ cookie }), undefined)
  assert.equal(hasCredential({ cookie }), false)
  assert.equal(await identity.fromCookie(`__Host-postern=${token}`), undefined)
  const value = cookie.slice('__Host-postern='.length)
  assert.equal(await identity.fromHeaders({ authorization: `Pomerium ${value}` }), undefined)
})

test('a session goes to one machine once, and from then on no cookie names it', async (t) => {
  const { identity, session } = await setUp(t)
  const [cookie] = (await identity.cookie.issue(session)).split(';')
  const headers = { authorization: `Pomerium ${await identity.tokens.issue(session)}` }
  // Machines may say nothing of themselves.
  const named = ['', 'b'].map((host) =>
    identity.sessions.nameDevice(session.id, { host, address: '192.0.2.8' }),
  )
  assert.deepEqual(await Promise.all(named), [true, false])
  assert.equal(await identity.fromCookie(cookie), undefined)
  assert.equal((await identity.fromHeaders(headers))?.session.id, session.id)
  const { device, client, address } = (await identity.sessions.get(session.id))?.session ?? {}
  assert.deepEqual([device, client, address], ['', 'device', '192.0.2.8'])
})

test('a token and a cookie end with the sign-in that gave them, though the session goes on', async (t) => {
  const { identity, store, clock, session } = await setUp(t)
  // As they were made before each had an end of its own.
  const keys = deriveKeys(new Uint8Array(32).fill(1), new Uint8Array(32).fill(2))
  const { host } = new URL(callbackOrigin)
  const formerToken = await new SignJWT({ aud: [host] })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(host)
    .setJti(session.id)
    .sign(keys.token)
  const formerCookie = `__Host-postern=${await seal(keys.sessionCookie, { sid: session.id })}`
  const token = await identity.tokens.issue(session)
  const cookie = (await identity.cookie.issue(session)).split(';')[0]
  const record = await store.sessions.get(session.id)
  assert.ok(record)
  const longer = { ...record, expiresAtMs: session.expiresAtMs + 3_600_000 }
  await store.sessions.update(longer, 'changed')
  const who = async (): Promise<readonly (string | undefined)[]> => {
    const found = [
      await identity.fromHeaders({ authorization: `Pomerium ${token}` }),
      await identity.fromHeaders({ authorization: `Pomerium ${formerToken}` }),
      await identity.fromCookie(cookie),
      await identity.fromCookie(formerCookie),
    ]
    return found.map((live) => live?.session.id)
  }
  clock.advance(14 * 3_600_000 - 1_000)
  assert.deepEqual(new Set(await who()), new Set([session.id]))
  clock.advance(1_000)
  assert.deepEqual(new Set(await who()), new Set([undefined]))
  const renewed = await identity.sessions.get(session.id)
  assert.ok(renewed)
  const next = await identity.tokens.issue(renewed.session)
  const live = await identity.fromHeaders({ authorization: `Pomerium ${next}` })
  assert.equal(live?.session.id, session.id)
})

test('a session that cannot be asked about is left alone until its end', async (t) => {
  const { clock, session, lines } = await setUp(t)
  assert.equal(session.refreshDueAtMs, session.expiresAtMs)
  clock.advance(13 * 3_600_000)
  assert.deepEqual(lines, [])
})

test('a sign-in URL that was signed verifies, for five minutes of this clock', async (t) => {
  const { identity, clock } = await setUp(t)
  const signed = identity.signUrl(new URL('https://localhost:8443/.pomerium/sign_in'))
  identity.verifySignedUrl(signed)
  clock.advance(361_000)
  assert.throws(() => identity.verifySignedUrl(signed), { code: 'url-expired' })
})

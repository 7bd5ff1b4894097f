import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { SignJWT, decodeJwt, exportJWK, generateKeyPair } from 'jose'
import { startDevIdp } from '../dev-idp/dev-idp.ts'
import { signInWithForms } from '../dev-idp/sign-in-with-forms.ts'
import { callbackOrigin, openIdentity, signInBy } from './identity.fixture.ts'
import type { IdentityFixture } from './identity.fixture.ts'
import { refreshDueAt } from './refresh.ts'

const people = [{ id: 'u-a', email: 'alice@example.com', name: 'Alice', groups: ['ops'] }]
const bounded = { timeout: 20_000 }

test('nobody signs in by a token from the future, and no session is stored', async (t) => {
  const { fixture } = await setUp(t, { iat: Math.floor(Date.now() / 1000) + 600 })
  await assert.rejects(signInBy(fixture, browse), {
    code: 'provider-invalid',
    message: "the sign-in service's id token was issued 10 minutes in the future",
  })
  assert.deepEqual(await fixture.store.sessions.list(), [])
})

test('nobody signs in without a name', async (t) => {
  const { fixture, change } = await setUp(t, {})
  for (const sub of ['', ' ']) {
    change['sub'] = sub
    await assert.rejects(signInBy(fixture, browse), { code: 'provider-invalid', message: /"sub"/ })
  }
  assert.deepEqual(await fixture.store.sessions.list(), [])
})

test(
  'a refresh that brings a token from the future keeps the session as it was',
  bounded,
  async (t) => {
    const { fixture, change } = await setUp(t, {})
    const { session } = await signInBy(fixture, browse)
    const before = await fixture.store.sessions.get(session.id)
    assert.ok(before !== undefined)
    change['iat'] = Math.floor(Date.now() / 1000) + 600
    const refused = fixture.logged('session not refreshed, kept as it is')
    fixture.clock.advance(refreshDueAt(before, fixture.clock.now(), 600_000) - fixture.clock.now())
    await refused
    const after = await fixture.store.sessions.get(session.id)
    assert.equal(after?.refreshedAtMs, before.refreshedAtMs)
    assert.ok(fixture.lines.some((line) => line.includes('10 minutes in the future')))
  },
)

async function browse(location: URL): Promise<URL> {
  const stopBefore = ({ origin }: URL): boolean => origin === callbackOrigin
  return (await signInWithForms(location, { email: 'alice@example.com' }, { stopBefore })).url
}

/** A provider whose id tokens are changed and signed anew, by a key that it publishes. */
async function setUp(
  t: TestContext,
  change: Record<string, unknown>,
): Promise<{ fixture: IdentityFixture; change: Record<string, unknown> }> {
  const idp = await startDevIdp({ people, asksNothing: 'alice@example.com' })
  t.after(() => idp.close(0))
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }
  const resign = (idToken: string): Promise<string> =>
    new SignJWT({ ...decodeJwt(idToken), ...change })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .sign(privateKey)
  const realFetch = globalThis.fetch
  t.mock.method(globalThis, 'fetch', async (url: URL, init: RequestInit) => {
    if (url.pathname === '/jwks') return Response.json({ keys: [jwk] })
    const answer = await realFetch(url, init)
    if (url.pathname !== '/token' || !answer.ok) return answer
    const body = (await answer.json()) as { id_token?: string }
    if (body.id_token !== undefined) body.id_token = await resign(body.id_token)
    return Response.json(body)
  })
  const fixture = await openIdentity(idp)
  t.after(() => fixture[Symbol.asyncDispose]())
  return { fixture, change }
}

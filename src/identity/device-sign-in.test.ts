import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { startDevIdp } from '../dev-idp/dev-idp.ts'
import { signInWithForms } from '../dev-idp/sign-in-with-forms.ts'
import { asCookieHeader, callbackOrigin, openIdentity } from './identity.fixture.ts'
import type { IdentityFixture } from './identity.fixture.ts'
import type { FinishedSignIn } from './sign-in.ts'

const alice = { id: 'u-a', email: 'alice@example.com', name: 'Alice', groups: ['ops'] }
const machine = { host: 'build-7', command: 'postern login --device', address: '192.0.2.1' }

async function setUp(t: TestContext): Promise<IdentityFixture> {
  const idp = await startDevIdp({ people: [alice], asksNothing: true })
  t.after(() => idp.close(0))
  const fixture = await openIdentity(idp)
  t.after(() => fixture[Symbol.asyncDispose]())
  return fixture
}

/** Comes back from the provider as Alice, for a machine whose code `userId` approved. */
async function signInFor(
  { identity }: IdentityFixture,
  secretHash: string,
  userId: string,
): Promise<FinishedSignIn> {
  const address = '198.51.100.4'
  const device = { ...machine, secretHash, userId }
  const target = { returnTo: callbackOrigin, carries: 'nothing', device } as const
  const { location, cookies } = await identity.signIn.begin({
    target,
    cookieHeader: undefined,
    address,
    provider: 'default',
  })
  const stopBefore = ({ origin }: URL): boolean => origin === callbackOrigin
  const { url } = await signInWithForms(location, { email: alice.email }, { stopBefore })
  return identity.signIn.finish({
    search: url.search,
    cookieHeader: asCookieHeader(cookies),
    address,
    provider: 'default',
  })
}

test('the session of a machine is one of its own and names its host', async (t) => {
  const fixture = await setUp(t)
  const { record } = await fixture.identity.deviceCodes.begin(machine)
  const { session, target } = await signInFor(fixture, record.secretHash, 'u-a')
  // Of the machine, and not of the browser in which it was approved.
  const { device, client, address } = session
  assert.deepEqual([device, client, address], ['build-7', 'device', '192.0.2.1'])
  assert.equal(target.device?.secretHash, record.secretHash)
  const other = await signInFor(fixture, record.secretHash, 'u-a')
  assert.notEqual(other.session.id, session.id)
  await fixture.identity.sessions.revoke(session.id)
  assert.ok(await fixture.identity.sessions.get(other.session.id))
})

test('whoever comes back instead of the approver gets no session, and neither does the machine', async (t) => {
  const fixture = await setUp(t)
  const { record } = await fixture.identity.deviceCodes.begin(machine)
  await assert.rejects(signInFor(fixture, record.secretHash, 'u-bob'), { code: 'another-person' })
  assert.deepEqual(await fixture.identity.sessions.list(), [])
})

test('a session that its machine did not take in time is ended', async (t) => {
  const fixture = await setUp(t)
  const { identity, clock } = fixture
  const { secret, record } = await identity.deviceCodes.begin(machine)
  await identity.deviceCodes.approve(record, 'u-a')
  const { session } = await signInFor(fixture, record.secretHash, 'u-a')
  const handedOver = { userId: 'u-a', sessionId: session.id }
  assert.equal(await identity.deviceCodes.attach(record.secretHash, handedOver), true)
  const ended = new Promise((resolve) => identity.sessions.onEnded(resolve))
  clock.advance(605_000)
  assert.equal(await ended, session.id)
  assert.equal(await identity.sessions.get(session.id), undefined)
  assert.deepEqual(await identity.deviceCodes.poll(secret), { state: 'over' })
})

test('the token of a form is good for its own browser session and code alone', async (t) => {
  const { identity } = await setUp(t)
  const form = { sessionId: 's', secretHash: 'h' }
  const token = identity.deviceFormToken(form)
  assert.equal(identity.isDeviceFormToken(form, token), true)
  assert.equal(identity.isDeviceFormToken({ ...form, sessionId: 't' }, token), false)
  assert.equal(identity.isDeviceFormToken({ ...form, secretHash: 'i' }, token), false)
  for (const wrong of ['', 'x', `${token}x`]) {
    assert.equal(identity.isDeviceFormToken(form, wrong), false)
  }
})

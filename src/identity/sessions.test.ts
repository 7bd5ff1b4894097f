import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { startDevIdp } from '../dev-idp/dev-idp.ts'
import type { DevIdp, DevIdpOptions } from '../dev-idp/dev-idp.ts'
import { signInWithForms } from '../dev-idp/sign-in-with-forms.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { callbackOrigin, openIdentity, signInBy } from './identity.fixture.ts'
import type { IdentityFixture } from './identity.fixture.ts'
import type { IdentityOptions } from './identity.ts'
import type { Session } from './session.ts'

const alice = { id: 'u-a', email: 'alice@example.com', name: 'Alice', groups: ['ops'] }
const kept = 'session not refreshed, kept as it is'

async function setUp(
  t: TestContext,
  idpOptions: Partial<DevIdpOptions> = {},
  change: Partial<IdentityOptions> = {},
): Promise<IdentityFixture & { idp: DevIdp }> {
  const idp = await startDevIdp({ people: [alice], asksNothing: true, ...idpOptions })
  t.after(() => idp.close(0))
  const fixture = await openIdentity(idp, change)
  t.after(() => fixture[Symbol.asyncDispose]())
  return { ...fixture, idp }
}

async function signIn(fixture: IdentityFixture): Promise<Session> {
  const stopBefore = ({ origin }: URL): boolean => origin === callbackOrigin
  const finished = await signInBy(fixture, async (location) => {
    return (await signInWithForms(location, { email: alice.email }, { stopBefore })).url
  })
  return finished.session
}

function nextChange({ identity }: IdentityFixture): Promise<string> {
  return new Promise((resolve) => identity.sessions.onChanged(resolve))
}

function nextEnd({ identity }: IdentityFixture): Promise<{ id: string; reason: string }> {
  return new Promise((resolve) =>
    identity.sessions.onEnded((id, reason) => resolve({ id, reason })),
  )
}

test('changed groups reach the session at the refresh interval, with another version', async (t) => {
  const fixture = await setUp(t)
  const { identity, clock, idp } = fixture
  const { id } = await signIn(fixture)
  const before = identity.sessions.version(id)
  idp.people.change(alice.email, { groups: ['sales'], email: 'alice@new.example.com' })
  clock.advance(599_999)
  assert.equal(idp.requestCount('/token'), 1)
  const changed = nextChange(fixture)
  clock.advance(5_000)
  assert.equal(await changed, id)
  const live = await identity.sessions.get(id)
  assert.deepEqual(live?.session.groups, ['sales'])
  assert.equal(live?.session.email, 'alice@new.example.com')
  assert.notEqual(live?.version, before)
  assert.equal(live?.version, identity.sessions.version(id))
  assert.equal(live?.session.refreshDueAtMs, clock.now() + 600_000)
})

test("the provider is asked at the access token's end when that is sooner", async (t) => {
  const fixture = await setUp(t, { accessTokenTtlSeconds: 30 })
  const { clock, idp } = fixture
  const session = await signIn(fixture)
  assert.equal(session.refreshDueAtMs, clock.now() + 30_000)
  idp.people.change(alice.email, { groups: ['sales'] })
  const changed = nextChange(fixture)
  clock.advance(35_000)
  assert.equal(await changed, session.id)
})

test('a refresh that finds nothing new keeps the version, though every token is another', async (t) => {
  const fixture = await setUp(t)
  const { identity, clock, store, idp } = fixture
  const { id } = await signIn(fixture)
  const before = await store.sessions.get(id)
  const version = identity.sessions.version(id)
  let changes = 0
  identity.sessions.onChanged(() => (changes += 1))
  clock.advance(605_000)
  // A change afterwards is the sign that the round without one is over.
  for (;;) {
    const record = await store.sessions.get(id)
    if (record !== undefined && record.refreshedAtMs > (before?.refreshedAtMs ?? 0)) break
    await new Promise(setImmediate)
  }
  const after = await store.sessions.get(id)
  assert.notEqual(after?.refreshToken, before?.refreshToken)
  assert.equal(identity.sessions.version(id), version)
  assert.equal(changes, 0)
  assert.equal(idp.requestCount('/token'), 2)
})

test('rotated refresh tokens are kept, so that round after round works', async (t) => {
  const fixture = await setUp(t)
  const { clock, idp } = fixture
  const { id } = await signIn(fixture)
  for (const group of ['one', 'two', 'three']) {
    idp.people.change(alice.email, { groups: [group] })
    const changed = nextChange(fixture)
    clock.advance(605_000)
    assert.equal(await changed, id)
  }
})

test('invalid_grant ends the session', async (t) => {
  const fixture = await setUp(t)
  const { identity, clock, idp } = fixture
  const { id } = await signIn(fixture)
  idp.revoke(alice.email)
  const ended = nextEnd(fixture)
  clock.advance(605_000)
  assert.deepEqual(await ended, { id, reason: 'refresh-refused' })
  assert.equal(identity.sessions.version(id), undefined)
  assert.equal(await identity.sessions.get(id), undefined)
})

test('a failing provider keeps the session, is asked again later, and then heard', async (t) => {
  const fixture = await setUp(t)
  const { identity, clock, idp, logged } = fixture
  const { id } = await signIn(fixture)
  idp.setCondition('failing')
  for (const stepMs of [605_000, 5_000, 10_000]) {
    const warned = logged(kept)
    clock.advance(stepMs)
    await warned
  }
  assert.ok(await identity.sessions.get(id))
  const delays = fixture.lines
    .map((line) => JSON.parse(line) as { message: string; 'retry-ms'?: number })
    .filter(({ message }) => message === kept)
    .map((line) => line['retry-ms'])
  assert.deepEqual(delays, [5_000, 10_000, 20_000])
  idp.setCondition('up')
  idp.people.change(alice.email, { groups: ['sales'] })
  const changed = nextChange(fixture)
  clock.advance(25_000)
  assert.equal(await changed, id)
})

test('new tokens are kept even when the claims cannot be asked after them', async (t) => {
  const fixture = await setUp(t)
  const { clock, idp, store, logged } = fixture
  const { id } = await signIn(fixture)
  const before = await store.sessions.get(id)
  const realFetch = globalThis.fetch
  const broken = t.mock.method(globalThis, 'fetch', (url: URL, init: RequestInit) =>
    url.pathname === '/me'
      ? Promise.resolve(new Response(null, { status: 500 }))
      : realFetch(url, init),
  )
  const warned = logged(kept)
  clock.advance(605_000)
  await warned
  broken.mock.restore()
  assert.notEqual((await store.sessions.get(id))?.refreshToken, before?.refreshToken)
  // With the token from before, which is spent, this would end the session.
  idp.people.change(alice.email, { groups: ['sales'] })
  const changed = nextChange(fixture)
  clock.advance(10_000)
  assert.equal(await changed, id)
})

test('no refresh token: userinfo is asked while the access token lives, and a refusal ends it', async (t) => {
  const fixture = await setUp(t)
  const { identity, clock, idp, store } = fixture
  const { id } = await signIn(fixture)
  const record = await store.sessions.get(id)
  assert.ok(record)
  await store.sessions.update({ ...record, refreshToken: undefined }, 'kept')
  idp.people.change(alice.email, { groups: ['sales'] })
  const changed = nextChange(fixture)
  clock.advance(605_000)
  assert.equal(await changed, id)
  assert.deepEqual((await identity.sessions.get(id))?.session.groups, ['sales'])
  idp.revoke(alice.email)
  const ended = nextEnd(fixture)
  clock.advance(605_000)
  assert.deepEqual(await ended, { id, reason: 'refresh-refused' })
})

test('an expired session is gone at its end, and said to be within five seconds', async (t) => {
  const fixture = await setUp(t, {}, { cookieExpireMs: 60_000 })
  const { identity, clock } = fixture
  const { id } = await signIn(fixture)
  const ended = nextEnd(fixture)
  clock.advance(59_999)
  assert.ok(await identity.sessions.get(id))
  clock.advance(1)
  assert.equal(await identity.sessions.get(id), undefined)
  assert.deepEqual(await identity.sessions.list(), [])
  clock.advance(5_000)
  assert.deepEqual(await ended, { id, reason: 'expired' })
  assert.equal(identity.sessions.version(id), undefined)
})

test('of two gateways with one store one removes the expired, and both hear of it', async (t) => {
  const idp = await startDevIdp({ people: [alice], asksNothing: true })
  t.after(() => idp.close(0))
  const shared = await openSqliteStore(':memory:')
  t.after(() => shared.close())
  const removers: string[] = []
  const open = async (name: string): Promise<IdentityFixture> => {
    const sessions: typeof shared.sessions = {
      ...shared.sessions,
      removeExpired(nowMs) {
        removers.push(name)
        return shared.sessions.removeExpired(nowMs)
      },
    }
    const store = { ...shared, sessions, close: () => Promise.resolve() }
    const fixture = await openIdentity(idp, { cookieExpireMs: 20_000, store })
    t.after(() => fixture[Symbol.asyncDispose]())
    return fixture
  }
  const both = [await open('one'), await open('two')] as const
  const { id } = await signIn(both[0])
  const ended = Promise.all(both.map(nextEnd))
  for (const { clock } of both) clock.advance(10_000)
  while (removers.length === 0) await new Promise(setImmediate)
  for (const { clock } of both) clock.advance(12_000)
  assert.deepEqual(await ended, [
    { id, reason: 'expired' },
    { id, reason: 'expired' },
  ])
  assert.equal(new Set(removers).size, 1, removers.join())
})

test('revoking ends a session once, and tells why', async (t) => {
  const fixture = await setUp(t)
  const { identity } = fixture
  const { id } = await signIn(fixture)
  const ended = nextEnd(fixture)
  assert.equal(await identity.sessions.revoke(id, 'signed-out'), true)
  assert.deepEqual(await ended, { id, reason: 'signed-out' })
  assert.equal(await identity.sessions.revoke(id), false)
  assert.equal(identity.sessions.version(id), undefined)
})

test('a session revoked while it is being read does not pass as current', async (t) => {
  const fixture = await setUp(t)
  const { sessions } = fixture.identity
  const { id } = await signIn(fixture)
  const [live] = await Promise.all([sessions.get(id), sessions.revoke(id)])
  assert.ok(live === undefined || live.version !== sessions.version(id))
  assert.equal(sessions.version(id), undefined)
})

test('a listener that is disposed hears nothing more', async (t) => {
  const fixture = await setUp(t)
  const { sessions } = fixture.identity
  let heard = 0
  const subscription = sessions.onEnded(() => (heard += 1))
  subscription[Symbol.dispose]()
  await sessions.revoke((await signIn(fixture)).id)
  assert.equal(heard, 0)
})

test('no token of the provider is ever logged', async (t) => {
  const fixture = await setUp(t)
  const { clock, idp, store, logged } = fixture
  const record = await store.sessions.get((await signIn(fixture)).id)
  idp.setCondition('failing')
  const warned = logged(kept)
  clock.advance(605_000)
  await warned
  const text = fixture.lines.join('\n')
  for (const secret of [record?.refreshToken, record?.accessToken, record?.idToken]) {
    assert.ok(secret !== undefined && !text.includes(secret))
  }
})

test('all are listed a page at a time, others get their turn in between, and none twice', async (t) => {
  const fixture = await setUp(t)
  const { identity, store, clock } = fixture
  const { id } = await signIn(fixture)
  const one = await store.sessions.get(id)
  assert.ok(one)
  for (let index = 0; index < 1_100; index += 1)
    await store.sessions.add({ ...one, id: `s-${index}`, issuedAtMs: clock.now() - index })
  await store.sessions.add({ ...one, id: 'foreign', issuer: 'https://former.example.com' })
  await store.sessions.add({ ...one, id: 'over', expiresAtMs: clock.now() })
  const listed: string[] = []
  const seen: number[] = []
  setImmediate(function look() {
    seen.push(listed.length)
    if (listed.length <= 1_100) setImmediate(look)
  })
  for await (const session of identity.sessions.all()) listed.push(session.id)
  const expected = (await identity.sessions.list()).map((session) => session.id)
  assert.equal(listed.length, 1_101)
  assert.deepEqual(listed, expected)
  assert.ok(
    seen.some((count) => count > 0 && count < 1_000),
    seen.slice(0, 5).join(),
  )
})

test('sessions survive a restart, and those overdue by then are asked about', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'sessions-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'postern.db')
  const idp = await startDevIdp({ people: [alice], asksNothing: true })
  t.after(() => idp.close(0))
  const secrets = [{ setting: 'shared_secret', bytes: new Uint8Array(32) }] as const
  const first = await openIdentity(idp, { store: await openSqliteStore(path, secrets) })
  const { id } = await signIn(first)
  const token = await first.identity.tokens.issue(
    (await first.identity.sessions.list())[0] as Session,
  )
  await first[Symbol.asyncDispose]()

  const second = await openIdentity(idp, { store: await openSqliteStore(path, secrets) })
  t.after(() => second[Symbol.asyncDispose]())
  const live = await second.identity.fromHeaders({ authorization: `Pomerium ${token}` })
  assert.equal(live?.session.id, id)
  idp.people.change(alice.email, { groups: [] })
  const changed = nextChange(second)
  second.clock.advance(3_600_000)
  assert.equal(await changed, id)
})

test('closing while the provider hangs waits for nothing and leaves no timer', async (t) => {
  const fixture = await setUp(t)
  const { identity, clock, idp, store } = fixture
  const { id } = await signIn(fixture)
  idp.setCondition('hanging')
  clock.advance(605_000)
  while (idp.requestCount('/token') < 2) await new Promise(setImmediate)
  await identity.close()
  assert.equal(clock.pending, 0)
  assert.ok(await store.sessions.get(id))
})

test('a person has so many sessions and no more: the longest unused one goes', async (t) => {
  const busy = new Set<string>()
  const hasTunnel = (id: string): boolean => busy.has(id)
  const fixture = await setUp(t, {}, { maxSessionsPerUser: 3, hasTunnel })
  const { identity, clock, lines } = fixture
  const signInLater = async (): Promise<string> => {
    clock.advance(1000)
    return (await signIn(fixture)).id
  }
  const idsThere = async () => (await identity.sessions.list()).map(({ id }) => id).toSorted()
  const [tunnelled, used, unused] = [await signInLater(), await signInLater(), await signInLater()]
  busy.add(tunnelled)
  clock.advance(1000)
  await identity.sessions.get(used)
  const ended = nextEnd(fixture)
  const fourth = await signInLater()
  assert.deepEqual(await ended, { id: unused, reason: 'replaced' })
  assert.deepEqual(await idsThere(), [tunnelled, used, fourth].toSorted())
  assert.equal(await identity.sessions.get(unused), undefined)
  assert.ok(lines.some((line) => line.includes('session replaced') && line.includes('u-a')))
  // Where all have tunnels the bound holds nevertheless, and never against the one that is made.
  for (const id of [used, fourth]) busy.add(id)
  const fifth = await signInLater()
  const there = await idsThere()
  assert.equal(there.length, 3)
  assert.ok(there.includes(fifth))
})

test('sign-ins at the same moment leave no more sessions than one may have', async (t) => {
  const fixture = await setUp(t, {}, { maxSessionsPerUser: 3 })
  await Promise.all(Array.from({ length: 8 }, () => signIn(fixture)))
  assert.equal((await fixture.identity.sessions.list()).length, 3)
})

test('sessions made at the same moment do not end each other beyond what one may have', async (t) => {
  for (const maxSessionsPerUser of [1, 2, 3]) {
    const { identity, idp } = await setUp(t, {}, { maxSessionsPerUser })
    const tokens = { accessToken: 'a', accessTokenLifeMs: 60_000 }
    const signedIn = {
      userId: 'u-a',
      provider: 'default',
      issuer: idp.issuer.origin,
      tokens: { ...tokens, refreshToken: undefined, idToken: undefined },
      claims: {},
    }
    await Promise.all(Array.from({ length: 8 }, () => identity.sessions.create(signedIn)))
    assert.equal((await identity.sessions.list()).length, maxSessionsPerUser)
  }
})

test('the sessions of others and any number of them are left alone', async (t) => {
  const people = [alice, { id: 'u-b', email: 'bob@example.com', name: 'Bob', groups: [] }]
  const fixture = await setUp(t, { people }, { maxSessionsPerUser: 1 })
  fixture.idp.setAsksNothing('bob@example.com')
  const { id } = await signIn(fixture)
  fixture.idp.setAsksNothing(alice.email)
  await signIn(fixture)
  await signIn(fixture)
  const left = await fixture.identity.sessions.list()
  assert.deepEqual(left.map(({ userId }) => userId).toSorted(), ['u-a', 'u-b'])
  assert.ok(left.some((it) => it.id === id))
  const unbound = await setUp(t, {}, { maxSessionsPerUser: 0 })
  for (let count = 0; count < 3; count += 1) await signIn(unbound)
  assert.equal((await unbound.identity.sessions.list()).length, 3)
})

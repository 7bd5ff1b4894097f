import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { AccessError } from '../errors.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { SessionStore } from '../store/store.ts'
import { openIdentity } from './identity.fixture.ts'
import type { SignedIn } from './signed-in.ts'

// Nothing here asks the provider: nobody listens on this port.
const nobody = { issuer: new URL('http://127.0.0.1:9'), clientId: 'c', clientSecret: 's' }
const hourMs = 3_600_000

const signedIn: SignedIn = {
  userId: 'u-1',
  provider: 'default',
  issuer: nobody.issuer.origin,
  claims: { sub: 'u-1', email: 'alice@example.com', auth_time: 1 },
  tokens: {
    accessToken: 'at',
    accessTokenLifeMs: undefined,
    refreshToken: 'rt',
    idToken: 'it',
  },
}

const again: SignedIn = {
  ...signedIn,
  claims: { sub: 'u-1', email: 'alice@example.com', auth_time: 2, groups: ['ops'] },
  tokens: { ...signedIn.tokens, accessToken: 'at-2', refreshToken: 'rt-2', idToken: 'it-2' },
}

async function setUp(t: TestContext, wrap = (sessions: SessionStore): SessionStore => sessions) {
  const store = await openSqliteStore(':memory:')
  const blocked = new Set<string>()
  const check = ({ userId }: { readonly userId: string }): void => {
    if (blocked.has(userId)) throw new AccessError('person-blocked', 'you are blocked')
  }
  const fixture = await openIdentity(nobody, {
    store: { ...store, sessions: wrap(store.sessions) },
    blockedPeople: { check },
  })
  t.after(() => fixture[Symbol.asyncDispose]())
  const { sessions } = fixture.identity
  const session = await sessions.create(signedIn)
  return { ...fixture, store, sessions, session, blocked }
}

test('a sign-in brings new tokens and claims, and its code a new end from that moment on', async (t) => {
  const { sessions, store, clock, session } = await setUp(t)
  const changed: string[] = []
  sessions.onChanged((id) => void changed.push(id))
  clock.advance(13 * hourMs)
  const signedInAtMs = clock.now()
  const confirmed = await sessions.confirm(session.id, again)
  assert.deepEqual(
    [confirmed?.claims['auth_time'], confirmed?.groups, confirmed?.expiresAtMs],
    [2, ['ops'], session.expiresAtMs],
  )
  clock.advance(30_000)
  const prolonged = await sessions.prolong(session.id, signedInAtMs)
  assert.equal(prolonged?.expiresAtMs, signedInAtMs + 14 * hourMs)
  assert.deepEqual(changed, [session.id, session.id])
  const record = await store.sessions.get(session.id)
  assert.deepEqual(
    [record?.accessToken, record?.refreshToken, record?.idToken, record?.issuedAtMs],
    ['at-2', 'rt-2', 'it-2', session.issuedAtMs],
  )
  const live = await sessions.get(session.id)
  assert.equal(live?.session.expiresAtMs, signedInAtMs + 14 * hourMs)
})

test('what a further sign-in does not give stays as it was, and no end comes earlier', async (t) => {
  const { sessions, store, session } = await setUp(t)
  await sessions.confirm(session.id, {
    ...again,
    tokens: { ...again.tokens, refreshToken: undefined },
  })
  assert.equal((await store.sessions.get(session.id))?.refreshToken, 'rt')
  const same = await sessions.prolong(session.id, session.issuedAtMs - hourMs)
  assert.equal(same?.expiresAtMs, session.expiresAtMs)
})

test('nobody renews the session of another person, of another provider, or one that has ended', async (t) => {
  const { sessions, store, clock, session } = await setUp(t)
  const before = await store.sessions.get(session.id)
  const others = [
    { ...again, userId: 'u-2' },
    { ...again, issuer: 'http://127.0.0.1:10' },
  ]
  for (const other of others) assert.equal(await sessions.confirm(session.id, other), undefined)
  assert.deepEqual(await store.sessions.get(session.id), before)
  assert.equal(await sessions.confirm('made-up', again), undefined)
  clock.advance(14 * hourMs)
  assert.equal(await sessions.confirm(session.id, again), undefined)
  assert.equal(await sessions.prolong(session.id, clock.now()), undefined)
  await sessions.revoke(session.id)
  assert.equal(await sessions.prolong(session.id, clock.now()), undefined)
  assert.equal(await store.sessions.get(session.id), undefined)
})

test('somebody who was blocked meanwhile prolongs nothing', async (t) => {
  const { sessions, store, clock, session, blocked } = await setUp(t)
  const before = await store.sessions.get(session.id)
  blocked.add('u-1')
  await assert.rejects(sessions.confirm(session.id, again), { code: 'person-blocked' })
  await assert.rejects(sessions.prolong(session.id, clock.now()), { code: 'person-blocked' })
  assert.deepEqual(await store.sessions.get(session.id), before)
})

test('a session that ends between the look and the write stays ended', async (t) => {
  let isEnding = false
  const { sessions, store, clock, session } = await setUp(t, (stored) => ({
    ...stored,
    async get(id) {
      const record = await stored.get(id)
      if (isEnding) await stored.remove(id, 'revoked')
      return record
    },
  }))
  isEnding = true
  assert.equal(await sessions.prolong(session.id, clock.now()), undefined)
  assert.equal(await store.sessions.get(session.id), undefined)
})

test('a refresh that writes at the same time costs neither what the other has written', async (t) => {
  let isOvertaken = false
  const { sessions, store, clock, session } = await setUp(t, (stored) => ({
    ...stored,
    async get(id) {
      const record = await stored.get(id)
      if (record === undefined || !isOvertaken) return record
      isOvertaken = false
      await stored.update({ ...record, refreshToken: 'of the refresh' }, 'kept')
      return record
    },
  }))
  clock.advance(hourMs)
  isOvertaken = true
  const prolonged = await sessions.prolong(session.id, clock.now())
  assert.equal(prolonged?.expiresAtMs, clock.now() + 14 * hourMs)
  assert.equal((await store.sessions.get(session.id))?.refreshToken, 'of the refresh')
})

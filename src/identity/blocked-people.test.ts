import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { silentLogger } from '../log.ts'
import { sessionRecord } from '../store/session-store.suite.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { openBlockedPeople } from './blocked-people.ts'
import { openIdentity } from './identity.fixture.ts'

const nobody = { issuer: new URL('http://127.0.0.1:9/'), clientId: 'c', clientSecret: 's' }
const block = { userIds: [], emails: [], reason: 'left', blockedBy: 'bob@example.com' }
const alice = { userId: 'u-alice', email: 'alice@example.com' }

async function openRig(t: TestContext, given?: Store) {
  const store = given ?? (await openSqliteStore(':memory:'))
  if (given === undefined) t.after(() => store.close())
  const clock = createFakeClock(5_000)
  const spelling = (email: string): string => email.toLowerCase()
  const blocked = await openBlockedPeople({ store, clock, log: silentLogger, spelling })
  return { store, blocked, clock }
}

test('somebody is blocked by each name that they have, however it is spelt', async (t) => {
  const { blocked } = await openRig(t)
  const who = 'Alice@Example.com'
  const record = await blocked.block({ ...block, who, userIds: ['u-alice'] })
  assert.equal(record.who, 'alice@example.com')
  assert.ok(blocked.isBlocked({ userId: 'u-other', email: 'ALICE@example.com' }))
  assert.ok(blocked.isBlocked({ userId: 'u-alice', email: 'renamed@example.com' }))
  assert.ok(!blocked.isBlocked({ userId: 'u-other', email: undefined }))
  assert.throws(() => blocked.check(alice), { code: 'person-blocked' })
  assert.equal(blocked.get('ALICE@example.com')?.reason, 'left')
  assert.equal(await blocked.unblock('ALICE@example.com'), true)
  assert.equal(await blocked.unblock('ALICE@example.com'), false)
  assert.ok(!blocked.isBlocked(alice))
})

test('other blocks of a person are told by an address however it is spelt, the newest first', async (t) => {
  const { blocked, clock } = await openRig(t)
  const own = await blocked.block({ ...block, who: alice.email, emails: ['A@former.example'] })
  for (const [who, email] of [
    ['u-first', 'Alice@example.com'],
    ['u-second', 'a@Former.example'],
    ['u-other', 'bob@example.com'],
  ] as const) {
    clock.advance(1)
    await blocked.block({ ...block, who, emails: [email] })
  }
  assert.deepEqual(
    blocked.alsoBlocking(own).map(({ who }) => who),
    ['u-second', 'u-first'],
  )
})

test('many who are blocked are read at the start in as many steps, not in the square of them', async (t) => {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  for (let index = 0; index < 100; index += 1) {
    const who = `${index}@example.com`
    await store.blockedPeople.put({ ...block, who, emails: [who], blockedAtMs: index }, 1_000)
  }
  let spelt = 0
  const spelling = (email: string): string => {
    spelt += 1
    return email
  }
  const clock = createFakeClock()
  const blocked = await openBlockedPeople({ store, clock, log: silentLogger, spelling })
  assert.ok(spelt <= 200, `${spelt} spellings`)
  assert.ok(blocked.isBlocked({ userId: 'u', email: '99@example.com' }))
})

test('it is known before the write is answered, on another gateway as well, and after a restart', async (t) => {
  const { store, blocked } = await openRig(t)
  const { blocked: other } = await openRig(t, store)
  let told = 0
  other.onBlocked(() => (told += other.isBlocked(alice) ? 1 : 0))
  await blocked.block({ ...block, who: 'u-alice', emails: [alice.email] })
  assert.ok(told > 0)
  assert.ok(other.isBlocked({ userId: 'u-alice', email: undefined }))
  const { blocked: restarted } = await openRig(t, store)
  assert.ok(restarted.isBlocked({ userId: 'u-new', email: alice.email }))
  await blocked.unblock('u-alice')
  assert.ok(!other.isBlocked(alice))
})

test('whoever is blocked stays so while the row cannot be read', async (t) => {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const { blockedPeople, feed } = store
  const broken = { ...blockedPeople, get: () => Promise.reject(new Error('the disk is gone')) }
  const { blocked } = await openRig(t, { ...store, blockedPeople: broken, feed })
  await blockedPeople.put({ ...block, who: alice.email, blockedAtMs: 1 }, 9)
  assert.ok(blocked.isBlocked(alice))
  await blockedPeople.put({ ...block, who: 'u-bob', blockedAtMs: 2 }, 9)
  assert.ok(blocked.isBlocked({ userId: 'u-bob', email: undefined }))
  // Only a name that may be an address is one.
  assert.ok(!blocked.isBlocked({ userId: 'u-other', email: 'u-bob' }))
})

test('a sign-in that ends while somebody is blocked leaves no session behind', async (t) => {
  const { store, blocked } = await openRig(t)
  const sessions = {
    ...store.sessions,
    async add(...args: Parameters<typeof store.sessions.add>) {
      await blocked.block({ ...block, who: alice.userId })
      return store.sessions.add(...args)
    },
  }
  await using fixture = await openIdentity(nobody, {
    store: { ...store, sessions },
    blockedPeople: blocked,
  })
  const issuer = nobody.issuer.origin
  const signedIn = { userId: alice.userId, provider: 'default', issuer, claims: {}, tokens: {} }
  const refused = { code: 'person-blocked' }
  await assert.rejects(fixture.identity.sessions.create(signedIn as never), refused)
  assert.deepEqual(await store.sessions.list(), [])
})

test('the sessions of whoever is blocked are good for nothing, from that moment on', async (t) => {
  const { store, blocked } = await openRig(t)
  await using fixture = await openIdentity(nobody, { store, blockedPeople: blocked })
  t.mock.method(store, 'close', () => Promise.resolve())
  const { identity, clock } = fixture
  const times = { issuedAtMs: clock.now(), expiresAtMs: clock.now() + 3_600_000 }
  const record = sessionRecord({ id: 's-1', issuer: nobody.issuer.origin, ...times })
  await store.sessions.add({ ...record, ...alice, refreshDueAtMs: times.expiresAtMs })
  const found = await identity.sessions.get('s-1')
  assert.ok(found)
  const token = await identity.tokens.issue(found.session)
  const headers = { authorization: `Pomerium ${token}` }
  await blocked.block({ ...block, who: alice.email, userIds: [alice.userId] })
  const refused = { code: 'person-blocked' }
  await assert.rejects(identity.sessions.get('s-1'), refused)
  await assert.rejects(identity.fromHeaders(headers), refused)
  await identity.sessions.revoke('s-1')
  // They are told, rather than asked to sign in, which would not help.
  await assert.rejects(identity.fromHeaders(headers), refused)
  const { issuer } = record
  const signedIn = { userId: alice.userId, provider: 'default', issuer, claims: {}, tokens: {} }
  await assert.rejects(identity.sessions.create(signedIn as never), refused)
  assert.deepEqual(await store.sessions.list(), [])
  await blocked.unblock(alice.email)
  assert.equal(await identity.fromHeaders(headers), undefined)
})

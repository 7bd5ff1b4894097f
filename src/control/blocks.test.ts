import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { openBlockedPeople } from '../identity/blocked-people.ts'
import { silentLogger } from '../log.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import { localActor, type Actor } from './change.ts'
import { createTestOperations, testActor, testSession, testTunnel } from './operations.fixture.ts'

const alice = testSession('s-1', 'alice@example.com')
const renamed = { ...testSession('s-2', 'alice@former.example'), userId: alice.userId }
const bob = testSession('s-3', 'bob@example.com')
const byBob = testActor(bob)
const earlier = { userIds: [], emails: [], reason: '', blockedBy: 'carol@example.com' }

async function openRig(t: TestContext) {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const clock = createFakeClock()
  const spelling = (email: string): string => email.toLowerCase().replace(/\.$/, '')
  const blockedPeople = await openBlockedPeople({ store, clock, log: silentLogger, spelling })
  const tunnels = [testTunnel('t-1', alice), testTunnel('t-2', bob), testTunnel('t-3', renamed)]
  const rig = createTestOperations({ sessions: [alice, bob, renamed], tunnels, blockedPeople })
  return { ...rig, blockedPeople }
}

test('a block ends every session of the person, by whichever name it is, and is recorded', async (t) => {
  const { operations, happened, kept, blockedPeople } = await openRig(t)
  const reason = 'laptop\u001b[31m stolen'
  const done = await operations.blockPerson(byBob, 'Alice@example.com', { reason })
  assert.deepEqual([done.tunnels_cut, done.sessions_ended], [2, 2])
  assert.equal(done.block.reason, 'laptop [31m stolen')
  assert.deepEqual(done.block.user_ids, ['Alice@example.com', alice.userId])
  assert.ok(happened.includes('ended s-1') && happened.includes('ended s-2'))
  assert.ok(!happened.includes('ended s-3'))
  assert.ok(blockedPeople.isBlocked(renamed) && !blockedPeople.isBlocked(bob))
  const [first = ''] = await kept()
  assert.match(first, /"person blocked".*"who":"alice@example.com".*"by-email":"bob@example.com"/)
})

test('a name that is spelt in another way blocks by all that the person is known by', async (t) => {
  const { operations, blockedPeople } = await openRig(t)
  const done = await operations.blockPerson(byBob, 'Alice@example.com.', { reason: '' })
  assert.deepEqual([done.tunnels_cut, done.sessions_ended], [2, 2])
  assert.ok(blockedPeople.isBlocked(renamed))
})

test('a block of somebody who only claims an address is none of whoever has it', async (t) => {
  const { operations, blockedPeople } = await openRig(t)
  const claimed = { email: alice.email, emailVerified: false, provider: 'partner' }
  const guest = { ...testSession('s-9', 'x@example.com'), ...claimed, userId: 'partner/1' }
  const sessions = [guest, alice]
  const { operations: withGuest } = createTestOperations({ sessions, blockedPeople })
  const { block } = await withGuest.blockPerson(localActor, 'partner/1', { reason: '' })
  assert.deepEqual([block.user_ids, block.emails], [['partner/1'], []])
  assert.ok(blockedPeople.isBlocked(guest) && !blockedPeople.isBlocked(alice))
  // By the address itself it is of both.
  await operations.blockPerson(byBob, 'alice@example.com', { reason: '' })
  assert.ok(blockedPeople.isBlocked(guest) && blockedPeople.isBlocked(alice))
})

test('nobody blocks themselves, and what makes no sense blocks nobody', async (t) => {
  const { operations, blockedPeople, kept } = await openRig(t)
  const block = (by: Actor, who: string, reason = '') => operations.blockPerson(by, who, { reason })
  await assert.rejects(block(byBob, 'BOB@example.com'), { code: 'own-block' })
  await assert.rejects(block(byBob, 'bob@example.com.'), { code: 'own-block' })
  await assert.rejects(block(byBob, bob.userId), { code: 'own-block' })
  await assert.rejects(block(localActor, ' '), { code: 'malformed-request' })
  await assert.rejects(block(localActor, 'x'.repeat(321)), { code: 'malformed-request' })
  await assert.rejects(block(localActor, 'x', 'y'.repeat(501)), { code: 'malformed-request' })
  assert.deepEqual(blockedPeople.list(), [])
  // Not for a moment: their tunnels would be cut.
  assert.deepEqual(await kept(), [])
})

test('nobody blocks themselves by a name that their other sessions have', async (t) => {
  const { operations, blockedPeople, happened, kept } = await openRig(t)
  const block = (who: string) => operations.blockPerson(testActor(alice), who, { reason: 'old' })
  await assert.rejects(block('alice@former.example'), { code: 'own-block' })
  assert.deepEqual(blockedPeople.list(), [])
  assert.ok(!happened.some((it) => it.startsWith('ended ')))
  assert.match((await kept()).at(-1) ?? '', /"person unblocked".*"alice@former.example"/)
  // What somebody else has blocked before stays so.
  await blockedPeople.block({ ...earlier, who: 'alice@former.example' })
  await assert.rejects(block('alice@former.example'), { code: 'own-block' })
  assert.deepEqual(
    blockedPeople.list().map(({ who, blockedBy }) => [who, blockedBy]),
    [['alice@former.example', 'carol@example.com']],
  )
})

test('who is blocked again by one name stays so by all that were known before', async (t) => {
  const { operations, blockedPeople } = await openRig(t)
  await operations.blockPerson(byBob, 'alice@example.com', { reason: 'laptop stolen' })
  const again = await operations.blockPerson(byBob, 'alice@example.com', { reason: 'and found' })
  assert.deepEqual([again.block.reason, again.sessions_ended], ['and found', 0])
  assert.ok(blockedPeople.isBlocked({ userId: alice.userId, email: undefined }))
  assert.ok(blockedPeople.isBlocked({ userId: 'u-new', email: 'alice@former.example' }))
})

test('whoever unblocks one of two names of a person is told of the other', async (t) => {
  const { operations, blockedPeople } = await openRig(t)
  await operations.blockPerson(byBob, 'Alice@example.com', { reason: '' })
  await operations.blockPerson(byBob, alice.userId, { reason: '' })
  await operations.blockPerson(byBob, 'carol@example.com', { reason: '' })
  const first = await operations.unblockPerson(byBob, 'alice@example.com')
  assert.deepEqual(first.still_blocked_as, [alice.userId])
  assert.ok(blockedPeople.isBlocked(alice))
  const second = await operations.unblockPerson(byBob, alice.userId)
  assert.deepEqual(second.still_blocked_as, [])
  assert.ok(!blockedPeople.isBlocked(alice))
})

test('somebody is unblocked once, and it is recorded', async (t) => {
  const { operations, kept } = await openRig(t)
  await operations.blockPerson(localActor, 'carol@example.com', { reason: '' })
  const listed = await operations.listBlocks(localActor)
  assert.deepEqual(
    listed.blocks.map(({ who, blocked_by: by }) => [who, by]),
    [['carol@example.com', 'the operator']],
  )
  const unblocked = await operations.unblockPerson(localActor, 'CAROL@example.com')
  assert.equal(unblocked.who, 'carol@example.com')
  const again = operations.unblockPerson(localActor, 'carol@example.com')
  await assert.rejects(again, { code: 'block-not-found' })
  assert.match((await kept()).at(-1) ?? '', /"person unblocked".*"carol@example.com"/)
})

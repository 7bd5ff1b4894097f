import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Role } from '../access/administrators.ts'
import { createDecide } from '../access/decide.ts'
import type { PeerError } from '../errors.ts'
import { createFakeClock } from '../fake-clock.ts'
import type { AnySession, Session } from '../identity/session.ts'
import { silentLogger } from '../log.ts'
import { openAccessRequests, pendingLifeMs } from '../requests/access-requests.ts'
import { buildRoute } from '../routes/open-route.ts'
import { parseRoute } from '../routes/parse-route.ts'
import type { Route } from '../routes/route.ts'
import { createRouteTable } from '../routes/table.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { localActor, type Actor } from './change.ts'
import type { ConflictError } from './conflict.ts'
import {
  createTestOperations,
  deploySession,
  testActor,
  testSession,
} from './operations.fixture.ts'
import type { AccessRequestSummary } from './request-view.ts'

const startMs = Date.parse('2026-11-29T14:00:00Z')
const person = (name: string, groups: readonly string[] = []): Session => ({
  ...testSession(`s-${name}`, `${name}@example.com`),
  groups,
})
const alice = testActor(person('alice'))
const bob = testActor(person('bob', ['leads']))
const carol = testActor(person('carol', ['leads']))
const dave = testActor(person('dave'))
const leads = { allow: { or: [{ groups: { has: 'leads' } }] } }
const dbaOnly = { allow: { or: [{ groups: { has: 'dba' } }] } }
const target = 'db.example.com:5432'
const wish = { route: target, for_seconds: 3_600, reason: 'incident 7' }

function routeOf(keys: Record<string, unknown>): Route {
  const plain = { from: `tcp+https://${target}`, to: 'tcp://127.0.0.1:1', name: 'db', ...keys }
  const { checked, faults } = parseRoute(plain, { clientCertificates: 'none' })
  assert.ok(checked, JSON.stringify(faults))
  return { ...buildRoute(checked), revision: 1 }
}

const usual = { policy: dbaOnly, approval: { approvers: leads, max: '4h' } }

interface RigOptions {
  readonly keys?: Record<string, unknown>
  readonly roleOf?: (session: AnySession | undefined) => Role | undefined
  readonly store?: Store
}

async function openRig(t: TestContext, { keys = usual, roleOf, store: given }: RigOptions = {}) {
  const store = given ?? (await openSqliteStore(':memory:'))
  if (given === undefined) t.after(() => store.close())
  const clock = createFakeClock(startMs)
  const accessRequests = await openAccessRequests({ store, clock, log: silentLogger })
  const decide = createDecide({
    clock,
    clientCertificates: { facts: () => undefined },
    subjectOf: (session) => session,
    accessGrant: accessRequests.accessGrant,
  })
  let table = createRouteTable([routeOf(keys)])
  const rig = createTestOperations({
    clock,
    roleOf: ({ session }) => roleOf?.(session),
    accessRequests,
    routeTable: () => table,
  })
  const [route] = table.routes
  assert.ok(route)
  return {
    ...rig,
    store,
    clock,
    accessRequests,
    routes: (changed: Record<string, unknown>) => (table = createRouteTable([routeOf(changed)])),
    grantOf: (by: typeof alice) => accessRequests.accessGrant(by.session.userId, route),
    decisionOf: (by: typeof alice) => decide.now(by, table.routes[0] ?? route).outcome,
  }
}

test('access begins with the answer, is told and recorded, and ends by itself', async (t) => {
  const { operations, clock, kept, decisionOf, grantOf } = await openRig(t)
  const asked = await operations.requestAccess(alice, { ...wish, reason: 'incident\u00077' })
  assert.deepEqual(
    [asked.state, asked.reason, asked.route_name, asked.mine, asked.may_decide, asked.may_end],
    ['pending', 'incident 7', 'db', true, false, true],
  )
  assert.equal(decisionOf(alice), 'deny')
  const seen = await operations.findAccessRequest(bob, asked.id)
  assert.deepEqual([seen.mine, seen.may_decide], [false, true])
  const given = await operations.approveAccess(bob, asked.id, { note: 'go' })
  assert.deepEqual(
    [given.state, given.decided_by, given.note, given.until],
    ['approved', 'bob@example.com', 'go', '2026-11-29T15:00:00.000Z'],
  )
  assert.equal(decisionOf(alice), 'allow')
  assert.equal(grantOf(alice)?.by, 'bob@example.com')
  assert.equal(decisionOf(dave), 'deny')
  clock.advance(3_600_000)
  assert.equal(decisionOf(alice), 'deny')
  assert.equal((await operations.findAccessRequest(alice, asked.id)).state, 'ended')
  const entries = (await kept()).map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    entries.map(({ kind, event, reason }) => [kind, event, reason]),
    [
      ['grant', 'access requested', 'incident 7'],
      ['grant', 'access approved', 'incident 7'],
    ],
  )
})

test('a route that is made anew with the id of another has nothing of what was given to that', async (t) => {
  const keys = { ...usual, id: 'db' }
  const rig = await openRig(t, { keys })
  const { operations, decisionOf } = rig
  const { id } = await operations.requestAccess(alice, wish)
  const { id: waiting } = await operations.requestAccess(dave, wish)
  await operations.approveAccess(bob, id)
  assert.equal(decisionOf(alice), 'allow')
  rig.routes({ ...keys, from: 'tcp+https://payroll.example.com:5432' })
  assert.equal(decisionOf(alice), 'deny')
  // Who approves access to the new one has not been asked for the old one.
  await assert.rejects(operations.approveAccess(bob, waiting), { code: 'access-request-not-found' })
  assert.deepEqual((await operations.listAccessRequests(bob)).items, [])
  const again = { ...wish, route: 'payroll.example.com:5432' }
  assert.equal((await operations.requestAccess(alice, again)).state, 'pending')
  rig.routes(keys)
  assert.equal(decisionOf(alice), 'allow')
})

test('nobody answers their own request, whoever they are', async (t) => {
  const { operations, decisionOf } = await openRig(t, { roleOf: () => ({ role: 'admin' }) })
  const { id } = await operations.requestAccess(bob, wish)
  await assert.rejects(operations.approveAccess(bob, id), { code: 'own-request' })
  // The same address by another user id is the same person.
  const again = testActor({ ...bob.session, id: 's-9', userId: 'u-9' })
  await assert.rejects(operations.approveAccess(again, id), { code: 'own-request' })
  assert.equal(decisionOf(bob), 'deny')
})

test('whoever is no approver when they answer has not answered', async (t) => {
  const rig = await openRig(t)
  const { operations } = rig
  const { id } = await operations.requestAccess(alice, wish)
  // Somebody to whom it is nothing is told nothing of it.
  await assert.rejects(operations.approveAccess(dave, id), { code: 'access-request-not-found' })
  const [listed] = (await operations.listAccessRequests(bob)).items
  assert.equal(listed?.may_decide, true)
  rig.routes({ ...usual, approval: { approvers: dbaOnly } })
  await assert.rejects(operations.approveAccess(bob, id), { code: 'access-request-not-found' })
  assert.deepEqual((await operations.listAccessRequests(bob)).items, [])
  const former = testActor({ ...bob.session, groups: [] } as unknown as Session)
  rig.routes(usual)
  await assert.rejects(operations.approveAccess(former, id), { code: 'access-request-not-found' })
  assert.equal(rig.decisionOf(alice), 'deny')
})

test('an admin who is no approver sees and ends, and does not approve', async (t) => {
  const roleOf = (session: AnySession | undefined): Role | undefined =>
    session?.email === 'dave@example.com' ? { role: 'admin' } : undefined
  const { operations, decisionOf } = await openRig(t, { roleOf })
  const { id } = await operations.requestAccess(alice, wish)
  await assert.rejects(operations.approveAccess(dave, id), { code: 'approver-required' })
  await operations.approveAccess(bob, id)
  assert.equal((await operations.endAccess(dave, id)).ended_by, 'dave@example.com')
  assert.equal(decisionOf(alice), 'deny')
})

test('whoever only sees a request neither denies nor ends it, and who asked does not deny it', async (t) => {
  const roleOf = (session: AnySession | undefined): Role | undefined =>
    session?.email === 'dave@example.com' ? { role: 'auditor' } : undefined
  const { operations, decisionOf } = await openRig(t, { roleOf })
  const { id } = await operations.requestAccess(alice, wish)
  assert.equal((await operations.findAccessRequest(dave, id)).may_end, false)
  for (const by of [dave, alice])
    await assert.rejects(operations.denyAccess(by, id), { code: 'approver-required' })
  await assert.rejects(operations.endAccess(dave, id), { code: 'approver-required' })
  await operations.approveAccess(bob, id)
  await assert.rejects(operations.endAccess(dave, id), { code: 'approver-required' })
  assert.equal(decisionOf(alice), 'allow')
})

test('of two who answer at once one has done it, and the other is told who', async (t) => {
  const { operations, kept } = await openRig(t)
  const { id } = await operations.requestAccess(alice, wish)
  const answers = await Promise.allSettled([
    operations.approveAccess(bob, id),
    operations.denyAccess(carol, id, { note: 'ask in the morning' }),
  ])
  const [won, lost] = answers.toSorted((one) => (one.status === 'fulfilled' ? -1 : 1))
  assert.equal(won?.status, 'fulfilled')
  assert.ok(lost?.status === 'rejected')
  const { code, message, current } = lost.reason as ConflictError
  assert.equal(code, 'conflict')
  const { state, decided_by: by } = current as AccessRequestSummary
  assert.match(message, new RegExp(`^${by} has ${state} this request already`))
  assert.equal((await kept()).length, 2)
  await assert.rejects(operations.approveAccess(carol, id), { code: 'conflict' })
})

test('somebody who waits asks once for a route, and takes it back', async (t) => {
  const { operations } = await openRig(t)
  const { id } = await operations.requestAccess(alice, wish)
  await assert.rejects(operations.requestAccess(alice, wish), { code: 'access-request-exists' })
  assert.equal((await operations.endAccess(alice, id)).state, 'cancelled')
  await assert.rejects(operations.approveAccess(bob, id), { code: 'conflict' })
  await operations.requestAccess(alice, wish)
})

test('one person keeps no more than a few requests a day, however often they ask', async (t) => {
  const { operations, store } = await openRig(t)
  for (let asked = 0; asked < 50; asked += 1) {
    const { id } = await operations.requestAccess(alice, wish)
    await operations.endAccess(alice, id)
  }
  const many = Array.from({ length: 1_000 }, () => operations.requestAccess(alice, wish))
  const ends = await Promise.allSettled(many)
  assert.ok(ends.every(({ status }) => status === 'rejected'))
  assert.equal((await store.accessRequests.listPage({}, 500)).length, 50)
  await operations.requestAccess(carol, wish)
})

test('a request that nobody answers is over after a day', async (t) => {
  const { operations, clock } = await openRig(t)
  const { id } = await operations.requestAccess(alice, wish)
  clock.advance(pendingLifeMs)
  assert.equal((await operations.findAccessRequest(alice, id)).state, 'expired')
  const late = { code: 'conflict', message: 'nobody has answered this request in time' }
  await assert.rejects(operations.approveAccess(bob, id), late)
  assert.deepEqual((await operations.listAccessRequests(bob, { state: 'pending' })).items, [])
  await operations.requestAccess(alice, wish)
})

test('access is given for no longer than was asked for, and than the route allows by then', async (t) => {
  const rig = await openRig(t)
  const { operations } = rig
  const ask = (change: Partial<typeof wish>) =>
    operations.requestAccess(alice, { ...wish, ...change })
  await assert.rejects(ask({ for_seconds: 4 * 3_600 + 1 }), {
    code: 'access-too-long',
    message: /is given for 4 hours at most$/,
  })
  await assert.rejects(ask({ for_seconds: 0 }), { code: 'malformed-request' })
  await assert.rejects(ask({ for_seconds: 1e12 }), { code: 'malformed-request' })
  const { id } = await ask({ for_seconds: 4 * 3_600 })
  const longer = operations.approveAccess(bob, id, { for_seconds: 5 * 3_600 })
  await assert.rejects(longer, { code: 'access-too-long' })
  rig.routes({ ...usual, approval: { approvers: leads, max: '30m' } })
  const { until } = await operations.approveAccess(bob, id)
  assert.equal(until, '2026-11-29T14:30:00.000Z')
})

test('a reason is asked for, is one printable line, and is short', async (t) => {
  const { operations } = await openRig(t)
  const ask = (reason: string) => operations.requestAccess(alice, { ...wish, reason })
  await assert.rejects(ask(' \u001b\n '), { code: 'reason-missing' })
  await assert.rejects(ask('x'.repeat(10_000_000)), { code: 'malformed-request' })
  const { reason } = await ask('a\u202eb\n\u001b]0;c\u0007')
  assert.doesNotMatch(reason, /[\p{Cc}\p{Cf}]/u)
})

test('nobody asks for what they have, for what would not help, or as a program', async (t) => {
  const { operations } = await openRig(t)
  const dba = testActor(person('erin', ['dba']))
  await assert.rejects(operations.requestAccess(dba, wish), { code: 'access-not-needed' })
  const byProgram = operations.requestAccess(testActor(deploySession), wish)
  await assert.rejects(byProgram, { code: 'people-only' })
  await assert.rejects(operations.requestAccess(localActor, wish), { code: 'people-only' })
  const elsewhere = operations.requestAccess(alice, { ...wish, route: 'nothing' })
  await assert.rejects(elsewhere, { code: 'route-not-found' })
  const deny = { deny: { or: [{ email: 'alice@example.com' }] } }
  const keys = { ...usual, policy: [dbaOnly, deny] }
  const denied = await openRig(t, { keys })
  await assert.rejects(denied.operations.requestAccess(alice, wish), { code: 'policy-denied' })
  const closed = await openRig(t, { keys: { policy: dbaOnly } })
  await assert.rejects(closed.operations.requestAccess(alice, wish), { code: 'access-not-offered' })
})

test('a route that somebody does not see has neither an id nor a name to them', async (t) => {
  const ask = async (keys: Record<string, unknown>, route: string, by = alice) => {
    const { operations } = await openRig(t, { keys: { policy: dbaOnly, id: 'payroll', ...keys } })
    return operations.requestAccess(by, { ...wish, route }).then(
      () => 'asked',
      ({ code, message }: PeerError) => [code, message],
    )
  }
  for (const name of ['payroll', 'db', `tcp+https://${target}`])
    assert.deepEqual(await ask({}, name), ['route-not-found', `there is no route "${name}"`])
  const [code] = await ask({ listed: true }, 'db')
  assert.equal(code, 'access-not-offered')
  const dba = testActor(person('erin', ['dba']))
  assert.equal((await ask({}, 'db', dba))[0], 'access-not-offered')
  assert.equal(await ask(usual, 'payroll'), 'asked')
})

test('breaking the glass lets in at once who may, and is loud', async (t) => {
  const keys = { ...usual, break_glass: { allow: { or: [{ email: 'alice@example.com' }] } } }
  const { operations, decisionOf, kept, happened } = await openRig(t, { keys })
  await assert.rejects(operations.breakGlass(dave, wish), { code: 'policy-denied' })
  const noReason = operations.breakGlass(alice, { ...wish, reason: '' })
  await assert.rejects(noReason, { code: 'reason-missing' })
  const forLong = operations.breakGlass(alice, { ...wish, for_seconds: 86_400 })
  await assert.rejects(forLong, { code: 'access-too-long' })
  const broken = await operations.breakGlass(alice, wish)
  assert.deepEqual([broken.state, broken.break_glass], ['approved', true])
  assert.equal(decisionOf(alice), 'allow')
  assert.match((await kept())[0] ?? '', /"kind":"grant".*"glass broken".*"reason":"incident 7"/)
  // Its line is written once the entry is kept.
  assert.ok(happened.includes('warned glass broken'))
  // Who has broken it is not the one who judges it.
  assert.equal((await operations.endAccess(bob, broken.id)).ended_by, 'bob@example.com')
  assert.equal(decisionOf(alice), 'deny')
})

test('what was given holds after a restart and on another gateway, and so does its end', async (t) => {
  const first = await openRig(t)
  const other = await openRig(t, { store: first.store })
  const isHeard = new Promise<void>((resolve) => {
    other.accessRequests.onChanged(() => void (other.decisionOf(alice) === 'allow' && resolve()))
  })
  const { id } = await first.operations.requestAccess(alice, wish)
  await first.operations.approveAccess(bob, id)
  assert.equal(first.decisionOf(alice), 'allow')
  await isHeard
  const restarted = await openRig(t, { store: first.store })
  assert.equal(restarted.decisionOf(alice), 'allow')
  await other.operations.endAccess(alice, id)
  for (const rig of [first, other, restarted]) assert.equal(rig.decisionOf(alice), 'deny')
})

test('a clock that is set back gives nobody more than until the same moment', async (t) => {
  const { operations, clock, decisionOf, grantOf } = await openRig(t)
  const { id } = await operations.requestAccess(alice, wish)
  await operations.approveAccess(bob, id)
  clock.advance(-86_400_000)
  assert.equal(grantOf(alice)?.untilMs, startMs + 3_600_000)
  clock.advance(86_400_000 + 3_600_000)
  assert.equal(decisionOf(alice), 'deny')
})

test('a list has pages, and in them what is somebody’s business alone', async (t) => {
  const { operations, clock } = await openRig(t)
  const ids: string[] = []
  for (const name of ['p1', 'p2', 'p3', 'p4', 'p5']) {
    const { id } = await operations.requestAccess(testActor(person(name)), wish)
    ids.unshift(id)
    clock.advance(1_000)
  }
  const page = async (by: Actor, cursor?: string) =>
    operations.listAccessRequests(by, { limit: 2, ...(cursor !== undefined && { cursor }) })
  const first = await page(bob)
  const second = await page(bob, first.next_cursor ?? '')
  const third = await page(bob, second.next_cursor ?? '')
  const seen = [first, second, third].flatMap(({ items }) => items.map(({ id }) => id))
  assert.deepEqual(seen, ids)
  assert.equal(third.next_cursor, null)
  const own = await operations.listAccessRequests(testActor(person('p2')))
  assert.deepEqual(
    own.items.map(({ email }) => email),
    ['p2@example.com'],
  )
  assert.deepEqual((await operations.listAccessRequests(bob, { mine: true })).items, [])
  await assert.rejects(page(bob, 'nonsense'), { code: 'malformed-request' })
})

test('whoever answers is not shown an address that is only claimed', async (t) => {
  const { operations } = await openRig(t)
  const claimed = { emailVerified: false, provider: 'partner', userId: 'partner/1' }
  const guest = testActor({ ...person('alice'), ...claimed })
  const asked = await operations.requestAccess(guest, wish)
  const { items } = await operations.listAccessRequests(bob)
  assert.deepEqual(
    items.map(({ id, email, user_id }) => [id, email, user_id]),
    [[asked.id, undefined, 'partner/1']],
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../../fake-clock.ts'
import { testRoute } from '../../gateway/gateway.fixture.ts'
import { openBlockedPeople } from '../../identity/blocked-people.ts'
import { silentLogger } from '../../log.ts'
import { openAccessRequests } from '../../requests/access-requests.ts'
import { parseRoute } from '../../routes/parse-route.ts'
import { createRouteTable } from '../../routes/table.ts'
import { openSqliteStore } from '../../store/sqlite.ts'
import type { AccessRequestView, RequestsAnswer } from '../wire/requests.ts'
import type { BlocksAnswer } from '../wire/blocks.ts'
import type { Fault } from '../wire/common.ts'
import { createApiRig } from './api.fixture.ts'

const from = 'tcp+https://db.example.com:5432'
const approval = { approvers: { allow: { or: [{ email: 'bob@example.com' }] } } }

async function openRig(t: { after(act: () => Promise<void>): void }) {
  const store = await openSqliteStore(':memory:')
  t.after(() => store.close())
  const clock = createFakeClock(Date.parse('2026-11-29T14:00:00Z'))
  const accessRequests = await openAccessRequests({ store, clock, log: silentLogger })
  const spelling = (email: string): string => email.toLowerCase()
  const blockedPeople = await openBlockedPeople({ store, clock, log: silentLogger, spelling })
  const plain = { from, to: 'tcp://127.0.0.1:1', approval }
  const { checked } = parseRoute(plain, { clientCertificates: 'none' })
  assert.ok(checked)
  const route = { ...testRoute(from, [1], []), policy: checked.policy, ...checked.requests }
  const table = createRouteTable([route])
  return createApiRig({
    accessRequests,
    routeTable: () => table,
    clock,
    blockedPeople,
    roles: { 'user-of-s-bob': { role: 'admin' } },
  })
}

const body = { route: 'db.example.com:5432', for_seconds: 60, reason: 'incident 7' }

test('whoever is signed in asks, and an approver answers', async (t) => {
  const { ask } = await openRig(t)
  assert.equal((await ask('POST', '/requests', { as: 'nobody', body })).status, 401)
  const asked = await ask('POST', '/requests', { as: 'ada', body })
  assert.equal(asked.status, 201)
  const { id } = (await asked.json()) as AccessRequestView
  assert.equal((await ask('POST', '/requests', { as: 'ada', body })).status, 409)
  const own = await ask('POST', `/requests/${id}/approve`, { as: 'ada', body: {} })
  assert.equal(own.status, 403)
  const listed = await ask('GET', '/requests?state=pending&limit=1', { as: 'bob' })
  assert.equal(((await listed.json()) as RequestsAnswer).items[0]?.may_decide, true)
  const given = await ask('POST', `/requests/${id}/approve`, { as: 'bob', body: { note: 'go' } })
  assert.equal(((await given.json()) as AccessRequestView).until, '2026-11-29T14:01:00.000Z')
  const late = await ask('POST', `/requests/${id}/deny`, { as: 'bob', body: {} })
  assert.equal(late.status, 409)
  const { error, message, current } = (await late.json()) as Fault
  assert.equal(error, 'conflict')
  assert.match(message, /bob@example.com has approved this request already until 14:01 UTC/)
  assert.equal((current as AccessRequestView).state, 'approved')
  const ended = await ask('POST', `/requests/${id}/end`, { as: 'ada', body: {} })
  assert.equal(((await ended.json()) as AccessRequestView).ended_by, 'ada@example.com')
  assert.equal((await ask('GET', '/requests/ar-none', { as: 'ada' })).status, 404)
})

test('what was sent wrongly is refused at its place', async (t) => {
  const { ask } = await openRig(t)
  const post = (change: object) =>
    ask('POST', '/requests', { as: 'ada', body: { ...body, ...change } })
  assert.equal((await post({ for_seconds: 1e9 })).status, 400)
  assert.equal((await post({ reason: 'x'.repeat(501) })).status, 400)
  assert.equal((await post({ more: 1 })).status, 400)
  assert.equal((await post({ route: 'nothing' })).status, 404)
  assert.equal((await ask('POST', '/break-glass', { as: 'ada', body })).status, 403)
  assert.equal((await ask('GET', '/requests?cursor=x', { as: 'ada' })).status, 400)
})

test('an admin blocks a person and unblocks them', async (t) => {
  const { ask } = await openRig(t)
  const put = (as: 'ada' | 'bob', who: string) =>
    ask('PUT', `/blocks/${encodeURIComponent(who)}`, { as, body: { reason: 'left' } })
  assert.equal((await put('ada', 'eve@example.com')).status, 403)
  assert.equal((await put('bob', 'eve@example.com')).status, 200)
  assert.equal((await put('bob', 'bob@example.com')).status, 400)
  const listed = (await (await ask('GET', '/blocks', { as: 'bob' })).json()) as BlocksAnswer
  assert.deepEqual(
    listed.items.map(({ who, reason }) => [who, reason]),
    [['eve@example.com', 'left']],
  )
  assert.equal((await ask('DELETE', '/blocks/eve%40example.com', { as: 'bob' })).status, 200)
  assert.equal((await ask('DELETE', '/blocks/eve%40example.com', { as: 'bob' })).status, 404)
})

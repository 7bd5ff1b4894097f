import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDecide } from '../access/decide.ts'
import { createFakeClock } from '../fake-clock.ts'
import { testCaller, testRoute, testSession } from '../gateway/gateway.fixture.ts'
import { parseRoute } from '../routes/parse-route.ts'
import type { Route } from '../routes/route.ts'
import type { AccessRequest } from './access-request.ts'
import { accessFor } from './route-access.ts'

const from = 'tcp+https://db.example.com:5432'
const alice = testSession('alice', 'alice@example.com')
const hourMs = 3_600_000
const bobsOnly = { allow: { or: [{ email: { is: 'bob@example.com' } }] } }
const alices = { allow: { or: [{ email: { is: 'alice@example.com' } }] } }
const approval = { approvers: bobsOnly, max: '4h' }
const pending = { id: 'ar-1', reason: 'incident 7' } as Partial<AccessRequest> as AccessRequest

function routeWith(keys: Record<string, unknown>): Route {
  const plain = { from, to: 'tcp://127.0.0.1:1', policy: bobsOnly, ...keys }
  const { checked, faults } = parseRoute(plain, { clientCertificates: 'none' })
  assert.ok(checked, JSON.stringify(faults))
  return { ...testRoute(from, [5432], []), policy: checked.policy, ...checked.requests }
}

interface Given {
  readonly untilMs?: number
  readonly pending?: AccessRequest
}

/** What Alice is told of a route with these keys, or a stranger. */
function ofRoute(keys: Record<string, unknown>, given: Given = {}, isSignedIn = true) {
  const clock = createFakeClock(1_000)
  const { untilMs } = given
  const grant = { id: 'ar-1', untilMs: untilMs ?? 0, by: 'bob@example.com', isBreakGlass: false }
  const decide = createDecide({
    clock,
    clientCertificates: { facts: () => undefined },
    subjectOf: (who) => who,
    accessGrant: () => (untilMs === undefined ? undefined : grant),
  })
  const caller = isSignedIn ? testCaller(alice, 1) : testCaller()
  return accessFor(caller, routeWith(keys), { decide, pendingOf: () => given.pending })
}

const nothing = {
  askMaxMs: undefined,
  breakGlassMaxMs: undefined,
  pending: undefined,
  grant: undefined,
}

test('whoever no rule lets in may ask for as long as the route allows', () => {
  assert.deepEqual(ofRoute({ approval }), { ...nothing, askMaxMs: 4 * hourMs })
  assert.equal(ofRoute({}), undefined)
  assert.equal(ofRoute({ approval }, {}, false), undefined)
})

test('nobody asks where that is no help: they are let in, or a rule keeps them out', () => {
  assert.deepEqual(ofRoute({ approval, policy: alices, break_glass: alices }), nothing)
  const denied = { deny: alices.allow }
  assert.deepEqual(ofRoute({ approval, policy: denied, break_glass: alices }), nothing)
})

test('whoever waits does not ask again, and breaks the glass all the same', () => {
  assert.deepEqual(ofRoute({ approval, break_glass: alices }, { pending }), {
    ...nothing,
    pending,
    breakGlassMaxMs: 4 * hourMs,
  })
  assert.equal(ofRoute({}, { pending })?.pending, pending)
})

test('the glass is for those alone whom its policy names', () => {
  assert.equal(ofRoute({ break_glass: alices })?.breakGlassMaxMs, hourMs)
  assert.deepEqual(ofRoute({ break_glass: bobsOnly }), nothing)
})

test('access that was given shows until it ends, and not where a rule lets them in', () => {
  const { grant, askMaxMs } = ofRoute({ approval }, { untilMs: 2_000 }) ?? nothing
  assert.deepEqual([grant?.untilMs, grant?.by, askMaxMs], [2_000, 'bob@example.com', undefined])
  assert.equal(ofRoute({ approval }, { untilMs: 1_000 })?.grant, undefined)
  assert.equal(ofRoute({ approval, policy: alices }, { untilMs: 2_000 })?.grant, undefined)
})

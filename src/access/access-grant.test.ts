import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { testCaller, testRoute, testSession } from './access.fixture.ts'
import { silentLogger } from '../log.ts'
import { parseRoute } from '../routes/parse-route.ts'
import { createRouteTable } from '../routes/table.ts'
import type { Outcome } from '../policy/decision.ts'
import { lacksAllow, type AccessGrant, type RouteAsked } from './access-grant.ts'
import type { DeniedError } from './denied.ts'
import { createTestAuthorize } from './live-tunnels.fixture.ts'
import { createLiveTunnels } from './live-tunnels.ts'

const from = 'tcp+https://db.example.com:5432'
const approval = { approvers: [], max: '8h' }
const startMs = Date.parse('2026-11-29T14:00:00Z')
const alice = { ...testSession('alice', 'alice@example.com'), expiresAtMs: startMs + 86_400_000 }

/** One route, whose keys a test is about, and whoever was given access to it. */
function createRig(policy: unknown, keys: Record<string, unknown> = { approval }) {
  const route = testRoute(from, [5432], policy)
  const asked = parsedWith(policy, keys)
  const whole = { ...route, policy: asked.policy, ...asked.requests }
  const clock = createFakeClock(startMs)
  const given = new Map<string, AccessGrant>()
  const accessGrant = (userId: string, { id: routeId }: RouteAsked): AccessGrant | undefined => {
    const grant = given.get(`${userId} ${routeId}`)
    return grant !== undefined && grant.untilMs > clock.now() ? grant : undefined
  }
  let settings = 1
  const authorize = createTestAuthorize(clock, () => settings, accessGrant)
  const routes = createRouteTable([whole])
  const tunnels = createLiveTunnels({
    clock,
    logger: silentLogger,
    authorize,
    routes: () => routes,
    settingsRevision: () => settings,
    timeoutWriteMs: () => 0,
    maxTunnelsPerUser: () => 0,
    session: () => Promise.resolve({ session: alice, version: 1 }),
    sessionVersion: () => 1,
    accessGrant,
  })
  const target = { protocol: 'tcp', host: 'db.example.com', port: 5432 } as const
  const request = { requestId: 'r', target, authority: 'db.example.com:5432' }
  return {
    clock,
    tunnels,
    ask: () => authorize(request, testCaller(alice, 1), { route: whole }),
    askAsStranger: () => authorize(request, testCaller(), { route: whole }),
    give(untilMs: number, more: Partial<AccessGrant> = {}) {
      const grant = { id: 'q-1', untilMs, by: 'bob@example.com', isBreakGlass: false, ...more }
      given.set(`${alice.userId} ${whole.id}`, grant)
    },
    take() {
      given.clear()
      settings += 1
    },
  }
}

function parsedWith(policy: unknown, keys: Record<string, unknown>) {
  const { checked, faults } = parseRoute(
    { from, to: 'tcp://127.0.0.1:1', policy, ...keys },
    { clientCertificates: 'none' },
  )
  assert.ok(checked, JSON.stringify(faults))
  return checked
}

const onlyBob = { allow: { or: [{ email: 'bob@example.com' }] } }
const aliceOnly = { allow: { or: [{ email: 'alice@example.com' }] } }
const denied = { code: 'policy-denied' }

test('a grant lets in whom no rule lets in, and no longer than it lasts', () => {
  const { ask, give, clock } = createRig(onlyBob)
  assert.throws(ask, denied)
  give(startMs + 60_000)
  const grant = ask()
  assert.equal(grant.validUntilMs, startMs + 60_000)
  assert.deepEqual(grant.decision.allow.reasons, ['access-approved'])
  clock.advance(60_000)
  assert.throws(ask, denied)
})

test('a grant changes nothing for whoever a rule keeps out', () => {
  const deny = { deny: { or: [{ email: 'alice@example.com' }] } }
  const { ask, give } = createRig([onlyBob, deny])
  give(startMs + 60_000)
  assert.throws(ask, denied)
})

test('somebody who breaks the glass is let in by that', () => {
  const { ask, give } = createRig(onlyBob, { break_glass: [aliceOnly] })
  give(startMs + 60_000, { isBreakGlass: true })
  assert.deepEqual(ask().decision.allow, { value: true, reasons: ['glass-broken'] })
})

test('nothing but the lack of a rule that lets in is made up for', () => {
  const no = { value: false, reasons: [] }
  const ofOutcome = (outcome: Outcome, isDenied = false) =>
    lacksAllow({ outcome, allow: no, deny: { ...no, value: isDenied }, validUntilMs: undefined })
  assert.equal(ofOutcome('deny'), true)
  assert.equal(ofOutcome('deny', true), false)
  for (const outcome of ['allow', 'sign-in', 'client-certificate'] as const)
    assert.equal(ofOutcome(outcome), false, outcome)
})

test('a grant is good for nothing once the route offers none', () => {
  const { ask, give } = createRig(onlyBob, {})
  give(startMs + 60_000)
  assert.throws(ask, denied)
  const broken = createRig(onlyBob, { approval })
  broken.give(startMs + 60_000, { isBreakGlass: true })
  assert.throws(broken.ask, denied)
})

test('a refusal says how to ask for access, where that would help', () => {
  const hintOf = (rig: ReturnType<typeof createRig>): string => {
    try {
      rig.ask()
    } catch (error) {
      return (error as DeniedError).hint ?? ''
    }
    return assert.fail('was let in')
  }
  const command = 'postern request db.example.com:5432'
  assert.ok(hintOf(createRig(onlyBob)).includes(command))
  assert.ok(!hintOf(createRig(onlyBob, {})).includes(command))
  const deny = { deny: { or: [{ email: 'alice@example.com' }] } }
  assert.ok(!hintOf(createRig(deny)).includes(command))
})

test('whoever is not signed in is asked to, where access is given by request alone', () => {
  assert.throws(createRig([]).askAsStranger, { code: 'sign-in-required' })
  const message = 'you may not use this route'
  assert.throws(createRig([], {}).askAsStranger, { ...denied, message })
})

test('a tunnel is cut when the access that it rests on is over', async () => {
  const { ask, give, clock, tunnels } = createRig(onlyBob)
  give(startMs + 60_000)
  using tunnel = await tunnels.add(ask(), { isReachedBy: () => true })
  clock.advance(59_999)
  await new Promise(setImmediate)
  assert.equal(tunnel.ended, undefined)
  clock.advance(1)
  await new Promise(setImmediate)
  assert.equal(tunnel.ended, 'access-ended')
  assert.equal(tunnel.access?.by, 'bob@example.com')
})

test('a tunnel stays when more access was given meanwhile', async () => {
  const { ask, give, clock, tunnels } = createRig(onlyBob)
  give(startMs + 60_000)
  using tunnel = await tunnels.add(ask(), { isReachedBy: () => true })
  give(startMs + 120_000, { id: 'q-2' })
  clock.advance(60_000)
  await new Promise(setImmediate)
  assert.equal(tunnel.ended, undefined)
  clock.advance(60_000)
  await new Promise(setImmediate)
  assert.equal(tunnel.ended, 'access-ended')
})

test('access that is taken back while a tunnel is opened opens none', async () => {
  const { ask, give, take, tunnels } = createRig(onlyBob)
  give(startMs + 60_000)
  const grant = ask()
  take()
  await assert.rejects(tunnels.add(grant, { isReachedBy: () => true }), denied)
  assert.equal(tunnels.size, 0)
})

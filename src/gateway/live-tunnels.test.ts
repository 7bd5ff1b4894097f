import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock, type FakeClock } from '../fake-clock.ts'
import type { Session } from '../identity/session.ts'
import { silentLogger } from '../log.ts'
import type { Decision, Outcome } from '../policy/decision.ts'
import type { RequestFacts } from '../policy/facts.ts'
import { createAuditLog } from '../telemetry/audit-log.ts'
import { createAuthorizeLog } from '../telemetry/authorize-log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { createAuthorize, type Authorize } from './authorize.ts'
import type { Grant } from './grant.ts'
import { createLiveTunnels, type LiveTunnels } from './live-tunnels.ts'
import { createClientCertificates } from './client-certificates/client-certificates.ts'
import type { Route } from './routes/route.ts'
import { createRouteTable, type RouteTable } from './routes/table.ts'

type Evaluate = (facts: RequestFacts) => Outcome | { outcome: Outcome; validUntilMs: number }

/** A gateway's state as a test drives it. */
interface Rig {
  readonly clock: FakeClock
  readonly tunnels: LiveTunnels
  readonly authorize: Authorize
  readonly sessions: Map<string, { session: Session; version: number }>
  routes: RouteTable
  /** Reads a session from the store. */
  read: (id: string) => Promise<{ session: Session; version: number } | undefined>
  grant(sessionId?: string): Grant
}

const signedIn: Evaluate = ({ subject }) => (subject === undefined ? 'sign-in' : 'allow')

test('a tunnel whose decision still holds is registered and left alone', async () => {
  const rig = createRig(signedIn)
  using tunnel = await rig.tunnels.add(rig.grant('s1'))
  await rig.tunnels.redecide()
  assert.equal(tunnel.signal.aborted, false)
  assert.equal(rig.tunnels.size, 1)
})

test('a session that was revoked between decision and registration lets nothing through', async () => {
  const rig = createRig(signedIn)
  const grant = rig.grant('s1')
  rig.sessions.delete('s1')
  await assert.rejects(rig.tunnels.add(grant), { code: 'sign-in-required' })
  assert.equal(rig.tunnels.size, 0)
})

test('a policy that changed between decision and registration is asked again', async () => {
  const rig = createRig(signedIn)
  const grant = rig.grant('s1')
  rig.routes = table(() => 'deny')
  await assert.rejects(rig.tunnels.add(grant), { code: 'policy-denied' })
  rig.routes = table(signedIn)
  using tunnel = await rig.tunnels.add(grant)
  assert.equal(tunnel.signal.aborted, false)
})

test('revoking a session cuts its tunnels with the reason, and no other', async () => {
  const rig = createRig(signedIn)
  using mine = await rig.tunnels.add(rig.grant('s1'))
  using other = await rig.tunnels.add(rig.grant('s2'))
  rig.sessions.delete('s1')
  await rig.tunnels.redecide({ sessionId: 's1', ended: 'session-revoked' })
  assert.deepEqual([mine.signal.aborted, mine.ended], [true, 'session-revoked'])
  assert.deepEqual([other.signal.aborted, other.ended], [false, undefined])
})

test('a session that is revoked while it is read for a new decision cuts the tunnel', async () => {
  const rig = createRig(signedIn)
  using tunnel = await rig.tunnels.add(rig.grant('s1'))
  rig.read = async (id) => {
    const found = rig.sessions.get(id)
    await settled()
    return found
  }
  rig.routes = table(signedIn)
  const redecided = rig.tunnels.redecide()
  rig.sessions.delete('s1')
  await redecided
  assert.equal(tunnel.signal.aborted, true)
})

test('a reload reads each session once and lets other work run in between', async () => {
  const rig = createRig(signedIn)
  const tunnels = await Promise.all(
    Array.from({ length: 400 }, () => rig.tunnels.add(rig.grant('s1'))),
  )
  let reads = 0
  const { read } = rig
  rig.read = (id) => {
    reads += 1
    return read(id)
  }
  let turns = 0
  const count = (): void => void ((turns += 1), ticking && setImmediate(count))
  let ticking = true
  setImmediate(count)
  rig.routes = table(signedIn)
  await rig.tunnels.redecide()
  ticking = false
  assert.equal(reads, 1)
  assert.ok(turns >= 4, `${turns} turns`)
  for (const tunnel of tunnels) tunnel[Symbol.dispose]()
})

test('a tunnel that needs no session outlives the session it came with', async () => {
  const rig = createRig(() => 'allow')
  using tunnel = await rig.tunnels.add(rig.grant('s1'))
  rig.sessions.delete('s1')
  await rig.tunnels.redecide({ sessionId: 's1', ended: 'session-revoked' })
  assert.equal(tunnel.signal.aborted, false)
})

test('a reload cuts what the new policy forbids or no longer names', async () => {
  const rig = createRig(signedIn)
  using tunnel = await rig.tunnels.add(rig.grant('s1'))
  using second = await rig.tunnels.add(rig.grant('s2'))
  rig.routes = table(({ subject }) => (subject?.userId === 'user of s1' ? 'deny' : 'allow'))
  await rig.tunnels.redecide()
  assert.deepEqual([tunnel.ended, second.ended], ['policy-changed', undefined])
  rig.routes = createRouteTable([])
  await rig.tunnels.redecide()
  assert.equal(second.ended, 'route-removed')
})

test('a session that comes to its end cuts the tunnel by itself', async () => {
  const rig = createRig(signedIn)
  using tunnel = await rig.tunnels.add(rig.grant('s1'))
  rig.clock.advance(3_599_000)
  await settled()
  assert.equal(tunnel.signal.aborted, false)
  rig.clock.advance(1_000)
  rig.sessions.delete('s1')
  await settled()
  assert.equal(tunnel.ended, 'session-expired')
})

test('the end of a time window cuts the tunnel by itself', async () => {
  const windowEndsMs = createFakeClock().now() + 60_000
  const rig = createRig(({ nowMs }) =>
    nowMs < windowEndsMs ? { outcome: 'allow', validUntilMs: windowEndsMs } : 'deny',
  )
  using tunnel = await rig.tunnels.add(rig.grant('s1'))
  rig.clock.advance(60_000)
  await settled()
  assert.equal(tunnel.ended, 'policy-changed')
})

test("a route's timeout ends the tunnel whatever the policy says", async () => {
  const rig = createRig(signedIn, { timeoutMs: 5_000 })
  using tunnel = await rig.tunnels.add(rig.grant('s1'))
  rig.clock.advance(4_999)
  assert.equal(tunnel.signal.aborted, false)
  rig.clock.advance(1)
  assert.equal(tunnel.ended, 'timeout')
})

test('draining resolves when the last tunnel is gone, and nothing is left behind', async () => {
  const rig = createRig(signedIn, { timeoutMs: 5_000 })
  const tunnel = await rig.tunnels.add(rig.grant('s1'))
  const drained = rig.tunnels.drained()
  rig.tunnels.cutAll('shutdown')
  assert.equal(tunnel.ended, 'shutdown')
  tunnel[Symbol.dispose]()
  await drained
  assert.deepEqual([rig.tunnels.size, rig.clock.pending], [0, 0])
})

function createRig(evaluate: Evaluate, route: Partial<Route> = {}): Rig {
  const clock = createFakeClock()
  const sessions = new Map(
    ['s1', 's2'].map((id) => [id, { session: makeSession(id, clock), version: 1 }]),
  )
  const authorizeLog = createAuthorizeLog({
    logger: silentLogger,
    audit: createAuditLog({ logger: silentLogger }),
  })
  const clientCertificates = createClientCertificates(undefined, { clock, logger: silentLogger })
  const authorize = createAuthorize({
    clock,
    authorizeLog,
    metrics: createMetrics(),
    clientCertificates,
    subjectOf: (session) => session,
  })
  const rig: Rig = {
    clock,
    authorize,
    sessions,
    routes: table(evaluate, route),
    read: (id) => Promise.resolve(sessions.get(id)),
    tunnels: createLiveTunnels({
      clock,
      logger: silentLogger,
      authorize,
      routes: () => rig.routes,
      timeoutWriteMs: () => 0,
      session: (id) => rig.read(id),
      sessionVersion: (id) => sessions.get(id)?.version,
    }),
    grant(sessionId) {
      const target = { host: 'db.example.com', port: 5432 }
      const request = { requestId: 'r1', target, authority: 'db.example.com:5432', ip: '192.0.2.1' }
      const known = sessionId === undefined ? undefined : sessions.get(sessionId)
      const found = rig.routes.match(target)
      assert.ok(found)
      return authorize(request, {
        routes: rig.routes,
        route: found,
        session: known?.session,
        sessionVersion: known?.version,
      })
    },
  }
  return rig
}

function table(evaluate: Evaluate, route: Partial<Route> = {}): RouteTable {
  const decide = (facts: RequestFacts): Decision => {
    const result = evaluate(facts)
    const { outcome, validUntilMs } =
      typeof result === 'string' ? { outcome: result, validUntilMs: undefined } : result
    const reasons = outcome === 'sign-in' ? ['user-unauthenticated'] : ['user-ok']
    const allow = { value: outcome === 'allow', reasons }
    return { outcome, allow, deny: { value: false, reasons: [] }, validUntilMs }
  }
  return createRouteTable([
    {
      id: '0123456789abcdef',
      name: 'db',
      description: '',
      from: 'tcp+https://db.example.com:5432',
      to: [{ host: '127.0.0.1', port: 5432, weight: 1 }],
      policy: { evaluate: decide, readsSubject: true, readsClientCertificate: false },
      isListed: false,
      contact: '',
      isPublic: false,
      timeoutMs: 0,
      idleTimeoutMs: 0,
      ...route,
    },
  ])
}

function makeSession(id: string, clock: FakeClock): Session {
  return {
    kind: 'person',
    id,
    userId: `user of ${id}`,
    email: undefined,
    emailVerified: true,
    name: undefined,
    groups: [],
    claims: {},
    issuer: 'https://login.example.com',
    issuedAtMs: clock.now(),
    expiresAtMs: clock.now() + 3_600_000,
    refreshedAtMs: clock.now(),
    refreshDueAtMs: clock.now() + 600_000,
  }
}

/** Deciding again waits for the store: let its promises run. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

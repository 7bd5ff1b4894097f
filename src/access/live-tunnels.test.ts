import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createFakeClock, type FakeClock } from '../fake-clock.ts'
import { AccessError } from '../errors.ts'
import type { Session } from '../identity/session.ts'
import { silentLogger, type LogFields } from '../log.ts'
import type { Decision, Outcome } from '../policy/decision.ts'
import type { RequestFacts } from '../policy/facts.ts'
import type { Authorize } from './authorize.ts'
import type { Grant } from './grant.ts'
import { createTestAuthorize } from './live-tunnels.fixture.ts'
import {
  createLiveTunnels,
  type LiveTunnelParts,
  type LiveTunnels,
  type OpenTunnel,
} from './live-tunnels.ts'
import { testCaller } from './access.fixture.ts'
import type { Destination } from './tunnel-register.ts'
import type { Route } from '../routes/route.ts'
import { createRouteTable, type RouteTable } from '../routes/table.ts'
import { directTo, throughGateway } from '../routes/upstream-way.fixture.ts'
import type { UpstreamWay } from '../routes/upstream-way.ts'
import { threadMs } from '../thread-time.fixture.ts'

type Evaluate = (facts: RequestFacts) => Outcome | { outcome: Outcome; validUntilMs: number }

/** A gateway's state as a test drives it. */
interface Rig {
  readonly clock: FakeClock
  readonly tunnels: LiveTunnels
  readonly authorize: Authorize
  readonly sessions: Map<string, { session: Session; version: number }>
  routes: RouteTable
  timeoutWriteMs: number
  maxTunnelsPerUser: number
  /** Fields of what was logged as an error. */
  readonly errors: LogFields[]
  /** Reads a session from the store. */
  read: (id: string) => Promise<{ session: Session; version: number } | undefined>
  grant(sessionId?: string): Grant
}

/** A place that ways reach by its port alone. */
const destination = (port: number): Destination => ({
  isReachedBy: (way) => 'to' in way && way.to.some((upstream) => upstream.port === port),
})
const service = destination(5432)
const signedIn: Evaluate = ({ subject }) => (subject === undefined ? 'sign-in' : 'allow')

test('a tunnel whose decision still holds is registered and left alone', async () => {
  const rig = createRig(signedIn)
  using tunnel = await rig.tunnels.add(rig.grant('s1'), service)
  await rig.tunnels.redecide()
  assert.equal(tunnel.signal.aborted, false)
  assert.equal(rig.tunnels.size, 1)
})

test('a session that was revoked between decision and registration lets nothing through', async () => {
  const rig = createRig(signedIn)
  const grant = rig.grant('s1')
  rig.sessions.delete('s1')
  await assert.rejects(rig.tunnels.add(grant, service), { code: 'sign-in-required' })
  assert.equal(rig.tunnels.size, 0)
})

test('a route that was removed between decision and registration is not found', async () => {
  const rig = createRig(signedIn)
  const grant = rig.grant('s1')
  rig.routes = createRouteTable([])
  await assert.rejects(rig.tunnels.add(grant, service), { code: 'route-not-found' })
})

test('a policy that changed between decision and registration is asked again', async () => {
  const rig = createRig(signedIn)
  const grant = rig.grant('s1')
  rig.routes = table(() => 'deny')
  await assert.rejects(rig.tunnels.add(grant, service), { code: 'policy-denied' })
  rig.routes = table(signedIn)
  using tunnel = await rig.tunnels.add(grant, service)
  assert.equal(tunnel.signal.aborted, false)
})

test('revoking a session cuts its tunnels with the reason, and no other', async () => {
  const rig = createRig(signedIn)
  using mine = await rig.tunnels.add(rig.grant('s1'), service)
  using other = await rig.tunnels.add(rig.grant('s2'), service)
  rig.sessions.delete('s1')
  await rig.tunnels.redecide({ sessionId: 's1', ended: 'session-revoked' })
  assert.deepEqual([mine.signal.aborted, mine.ended], [true, 'session-revoked'])
  assert.deepEqual([other.signal.aborted, other.ended], [false, undefined])
})

test('a session that is revoked while it is read for a new decision cuts the tunnel', async () => {
  const rig = createRig(signedIn)
  using tunnel = await rig.tunnels.add(rig.grant('s1'), service)
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
    Array.from({ length: 400 }, () => rig.tunnels.add(rig.grant('s1'), service)),
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
  using tunnel = await rig.tunnels.add(rig.grant('s1'), service)
  rig.sessions.delete('s1')
  await rig.tunnels.redecide({ sessionId: 's1', ended: 'session-revoked' })
  assert.equal(tunnel.signal.aborted, false)
})

test('a reload cuts what the new policy forbids or no longer names', async () => {
  const rig = createRig(signedIn)
  using tunnel = await rig.tunnels.add(rig.grant('s1'), service)
  using second = await rig.tunnels.add(rig.grant('s2'), service)
  rig.routes = table(({ subject }) => (subject?.userId === 'user of s1' ? 'deny' : 'allow'))
  await rig.tunnels.redecide()
  assert.deepEqual([tunnel.ended, second.ended], ['policy-changed', undefined])
  rig.routes = createRouteTable([])
  await rig.tunnels.redecide()
  assert.equal(second.ended, 'route-removed')
})

test('a session that comes to its end cuts the tunnel by itself', async () => {
  const rig = createRig(signedIn)
  using tunnel = await rig.tunnels.add(rig.grant('s1'), service)
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
  using tunnel = await rig.tunnels.add(rig.grant('s1'), service)
  rig.clock.advance(60_000)
  await settled()
  assert.equal(tunnel.ended, 'policy-changed')
})

test("a route's timeout ends the tunnel whatever the policy says", async () => {
  const rig = createRig(signedIn, { timeoutMs: 5_000 })
  using tunnel = await rig.tunnels.add(rig.grant('s1'), service)
  rig.clock.advance(4_999)
  assert.equal(tunnel.signal.aborted, false)
  rig.clock.advance(1)
  assert.equal(tunnel.ended, 'timeout')
})

test('draining resolves when the last tunnel is gone, and nothing is left behind', async () => {
  const rig = createRig(signedIn, { timeoutMs: 5_000 })
  const tunnel = await rig.tunnels.add(rig.grant('s1'), service)
  const drained = rig.tunnels.drained()
  rig.tunnels.cutAll('shutdown')
  assert.equal(tunnel.ended, 'shutdown')
  tunnel[Symbol.dispose]()
  await drained
  assert.deepEqual([rig.tunnels.size, rig.clock.pending], [0, 0])
})

test('once all are cut, a tunnel that was still being opened is refused', async () => {
  const rig = createRig(signedIn)
  const grant = rig.grant('s1')
  rig.tunnels.cutAll('shutdown')
  assert.throws(() => rig.tunnels.checkRoom(grant), { code: 'gateway-leaving' })
  await assert.rejects(rig.tunnels.add(grant, service), { code: 'gateway-leaving' })
  assert.equal(rig.tunnels.size, 0)
})

test('a tunnel that cannot be decided again is cut, says so, and the log why', async () => {
  const rig = createRig(signedIn)
  using tunnel = await rig.tunnels.add(rig.grant('s1'), service)
  using revoked = await rig.tunnels.add(rig.grant('s2'), service)
  rig.read = () => Promise.reject(new Error('the disk is gone'))
  rig.routes = table(signedIn)
  await rig.tunnels.redecide({ sessionId: 's2', ended: 'session-revoked' })
  await rig.tunnels.redecide()
  assert.deepEqual([tunnel.ended, revoked.ended], ['undecided', 'session-revoked'])
  assert.deepEqual(rig.errors.at(-1), { error: 'the disk is gone', 'request-id': 'r1' })
})

test('a tunnel about which everything keeps changing is cut, and that is logged too', async () => {
  const rig = createRig(signedIn)
  using tunnel = await rig.tunnels.add(rig.grant('s1'), service)
  keepChanging(rig)
  await rig.tunnels.redecide()
  assert.equal(tunnel.ended, 'undecided')
  assert.match(String(rig.errors.at(-1)?.['error']), /keep changing/)
})

test('a revocation right behind the last look at a grant finds its tunnel registered', async () => {
  const rig = createRig(signedIn)
  const adding = rig.tunnels.add(rig.grant('s1'), service)
  rig.sessions.delete('s1')
  await rig.tunnels.redecide({ sessionId: 's1', ended: 'session-revoked' })
  using tunnel = await adding
  assert.deepEqual([tunnel.signal.aborted, tunnel.ended], [true, 'session-revoked'])
})

test('what changes faster than it can be decided is refused after a bounded number of looks', async () => {
  const rig = createRig(signedIn)
  const grant = rig.grant('s1')
  const reads = keepChanging(rig)
  await assert.rejects(rig.tunnels.add(grant, service), { code: 'decision-unsettled' })
  assert.ok(reads() <= 20, `${reads()} reads`)
})

test("a reload that changes a route's timeout reaches open tunnels, from their beginning", async () => {
  const rig = createRig(signedIn)
  using tunnel = await rig.tunnels.add(rig.grant('s1'), service)
  using longer = await rig.tunnels.add(rig.grant('s2'), service)
  rig.clock.advance(10_000)
  rig.routes = table(signedIn, { timeoutMs: 15_000 })
  await rig.tunnels.redecide()
  rig.clock.advance(4_999)
  assert.equal(tunnel.ended, undefined)
  rig.routes = table(signedIn, { timeoutMs: 60_000 })
  await rig.tunnels.redecide()
  rig.clock.advance(45_000)
  assert.deepEqual([tunnel.ended, longer.ended], [undefined, undefined])
  rig.timeoutWriteMs = 5_000
  rig.routes = table(signedIn)
  await rig.tunnels.redecide()
  rig.clock.advance(0)
  assert.deepEqual([tunnel.ended, longer.ended], ['timeout', 'timeout'])
})

test("a reload that changes a route's idle timeout reaches open tunnels", async () => {
  const rig = createRig(signedIn)
  using tunnel = await rig.tunnels.add(rig.grant('s1'), service)
  const { promise: idle, resolve } = Promise.withResolvers<number>()
  tunnel.idle.watch(() => resolve(rig.clock.now()))
  rig.routes = table(signedIn, { idleTimeoutMs: 20 })
  await rig.tunnels.redecide()
  const sinceMs = rig.clock.now()
  rig.clock.advance(19)
  await nextTurn()
  rig.clock.advance(1)
  assert.equal((await idle) - sinceMs, 20)
  tunnel.idle.stop()
})

test('a reload cuts tunnels whose route leads elsewhere, and leaves those it still names', async () => {
  const rig = createRig(signedIn)
  using tunnel = await rig.tunnels.add(rig.grant('s1'), service)
  rig.routes = table(signedIn, { way: directTo([5433, 5432]) })
  await rig.tunnels.redecide()
  assert.equal(tunnel.ended, undefined)
  using second = await rig.tunnels.add(rig.grant('s1'), destination(5433))
  rig.routes = table(signedIn, { way: directTo([5433]) })
  await rig.tunnels.redecide()
  assert.deepEqual([tunnel.ended, second.ended], ['route-changed', undefined])
})

test('each reload asks whether the way leads from what it was at the one before', async () => {
  const rig = createRig(signedIn)
  const asked: [UpstreamWay, UpstreamWay][] = []
  const forms = [directTo([1]), directTo([2]), throughGateway([3])] as const
  rig.routes = table(signedIn, { way: forms[0] })
  const isReachedBy: Destination['isReachedBy'] = (way, before) => asked.push([way, before]) > 0
  using tunnel = await rig.tunnels.add(rig.grant('s1'), { isReachedBy })
  for (const way of forms.slice(1)) {
    rig.routes = table(signedIn, { way })
    await rig.tunnels.redecide()
  }
  assert.deepEqual(asked, [
    [forms[0], forms[0]],
    [forms[1], forms[0]],
    [forms[2], forms[1]],
  ])
  assert.equal(tunnel.ended, undefined)
})

test('a route that leads elsewhere once its upstream was dialled opens no tunnel to the old one', async () => {
  const rig = createRig(signedIn)
  const grant = rig.grant('s1')
  rig.routes = table(signedIn, { way: directTo([5433]) })
  await assert.rejects(rig.tunnels.add(grant, service), { code: 'route-changed' })
  assert.equal(rig.tunnels.size, 0)
})

test('a person has no more tunnels than the limit, over all sessions, and others go on', async () => {
  const rig = createRig(signedIn)
  rig.maxTunnelsPerUser = 2
  const mine = await rig.tunnels.add(rig.grant('s1'), service)
  using second = await rig.tunnels.add(rig.grant('s1'), service)
  assert.throws(() => rig.tunnels.checkRoom(rig.grant('s1')), {
    code: 'too-many-tunnels',
    message: /"user of s1" has 2 tunnels open/,
  })
  // Asked for before the others were open: the last look is the one at the registration.
  await assert.rejects(rig.tunnels.add(rig.grant('s1'), service), { code: 'too-many-tunnels' })
  using other = await rig.tunnels.add(rig.grant('s2'), service)
  mine[Symbol.dispose]()
  using third = await rig.tunnels.add(rig.grant('s1'), service)
  assert.deepEqual(
    [second, other, third].map(({ ended }) => ended),
    [undefined, undefined, undefined],
  )
})

test('a route has no more tunnels than its limit, whoever asks', async () => {
  const rig = createRig(() => 'allow', { maxTunnels: 1, contact: 'db@example.com' })
  const tunnel = await rig.tunnels.add(rig.grant('s1'), service)
  await assert.rejects(rig.tunnels.add(rig.grant(), service), {
    code: 'too-many-tunnels',
    hint: /db@example.com/,
  })
  tunnel[Symbol.dispose]()
  using next = await rig.tunnels.add(rig.grant(), service)
  assert.equal(next.ended, undefined)
})

test('thousands of sessions that end look at their own tunnels only', async () => {
  const rig = createRig(() => 'allow')
  const tunnels = await Promise.all(
    Array.from({ length: 2_000 }, () => rig.tunnels.add(rig.grant('s1'), service)),
  )
  let looks = 0
  for (const { signal } of tunnels) assert.equal(signal.aborted, false)
  rig.read = (id) => {
    looks += 1
    return Promise.resolve(rig.sessions.get(id))
  }
  const startedMs = threadMs()
  for (let i = 0; i < 2_000; i += 1) {
    void rig.tunnels.redecide({ sessionId: `other ${i}`, ended: 'session-expired' })
    assert.equal(rig.tunnels.countOf(`other ${i}`), 0)
  }
  // Looking at all 2,000 tunnels for each of 2,000 sessions takes seconds.
  assert.ok(threadMs() - startedMs < 500)
  assert.equal(looks, 0)
  for (const tunnel of tunnels) tunnel[Symbol.dispose]()
})

test('those that are cut by name end at once and alone, and another may be opened after them', async () => {
  const rig = createRig(signedIn)
  using mine = await rig.tunnels.add(rig.grant('s1'), service)
  using other = await rig.tunnels.add(rig.grant('s2'), service)
  const mineOnly = ({ grant }: OpenTunnel): boolean => grant.caller.session?.id === 's1'
  assert.equal(rig.tunnels.open().length, 2)
  const cut = rig.tunnels.cut(mineOnly, 'cut-by-operator')
  assert.deepEqual([mine.signal.aborted, mine.ended], [true, 'cut-by-operator'])
  assert.deepEqual([other.signal.aborted, other.ended], [false, undefined])
  assert.equal(cut.length, 1)
  // Until its relay has let go of it, it is still there; it is cut once.
  assert.deepEqual([rig.tunnels.size, rig.tunnels.open().length], [2, 1])
  assert.deepEqual(rig.tunnels.cut(mineOnly, 'cut-by-operator'), [])
  using again = await rig.tunnels.add(rig.grant('s1'), service)
  assert.equal(again.signal.aborted, false)
})

test('tunnels whose decisions stop holding in one moment are decided in turns', async () => {
  const rig = createRig(signedIn)
  const tunnels = await Promise.all(
    Array.from({ length: 200 }, () => rig.tunnels.add(rig.grant('s1'), service)),
  )
  const cut = (): number => tunnels.filter(({ signal }) => signal.aborted).length
  rig.sessions.delete('s1')
  rig.clock.advance(3_600_000)
  const seen: number[] = []
  while (cut() < 200) {
    seen.push(cut())
    await nextTurn()
  }
  assert.ok(
    seen.some((count) => count > 0 && count <= 150),
    `after each turn: ${seen.join()}`,
  )
  for (const tunnel of tunnels) tunnel[Symbol.dispose]()
})

test('what is said of those that were cut waits behind each decision that is made again', async () => {
  const urgent: Promise<unknown>[] = []
  const words = {
    behind<T>(decided: Promise<T>): Promise<T> {
      urgent.push(decided)
      return decided
    },
  }
  const rig = createRig(signedIn, {}, words)
  using tunnel = await rig.tunnels.add(rig.grant('s1'), service)
  rig.routes = table(signedIn)
  await rig.tunnels.redecide()
  assert.equal(urgent.length, 1)
  rig.sessions.delete('s1')
  rig.clock.advance(3_600_000)
  assert.equal(urgent.length, 2)
  await Promise.all(urgent)
  assert.equal(tunnel.signal.aborted, true)
})

test('the tunnels of a session are told oldest first, each with its end at the latest', async () => {
  const rig = createRig(signedIn, { stallTimeoutMs: 7_000 })
  rig.timeoutWriteMs = 60_000
  const openedAtMs = rig.clock.now()
  using first = await rig.tunnels.add(rig.grant('s1'), service)
  rig.clock.advance(1_000)
  using second = await rig.tunnels.add(rig.grant('s1'), service)
  using _other = await rig.tunnels.add(rig.grant('s2'), service)
  assert.deepEqual(
    [first.stallTimeoutMs?.(), first.reasons, first.access],
    [7_000, ['user-ok'], undefined],
  )
  const own = (most: number) => {
    const { tunnels, open } = rig.tunnels.openOf('s1', most)
    const told = tunnels.map((it) => [it.openedAtMs - openedAtMs, (it.untilMs ?? 0) - openedAtMs])
    return [told, open]
  }
  const both = [
    [0, 60_000],
    [1_000, 61_000],
  ]
  assert.deepEqual(own(5), [both, 2])
  assert.deepEqual(own(2), [both, 2])
  assert.deepEqual(own(1), [both.slice(0, 1), 2])
  const [{ grant, destination, bytes } = assert.fail()] = rig.tunnels.openOf('s1', 1).tunnels
  assert.deepEqual([grant.caller.session?.id, destination, bytes], ['s1', service, first.bytes])
  rig.timeoutWriteMs = 0
  assert.deepEqual(own(1)[0], [[0, 3_600_000]])
  rig.tunnels.cut(({ openedAtMs: atMs }) => atMs === openedAtMs, 'cut-by-operator')
  assert.deepEqual(own(5), [[[1_000, 3_600_000]], 1])
  assert.equal(second.signal.aborted, false)
})

test('where nothing ends a tunnel by itself no end is told', async () => {
  const rig = createRig(() => 'allow')
  const { session, version } = rig.sessions.get('s1') ?? assert.fail()
  rig.sessions.set('s1', { session: { ...session, expiresAtMs: undefined } as never, version })
  using _tunnel = await rig.tunnels.add(rig.grant('s1'), service)
  assert.equal(rig.tunnels.openOf('s1', 1).tunnels[0]?.untilMs, undefined)
})

test('of two limits of its life the shorter one ends a tunnel', async () => {
  const rig = createRig(signedIn, { timeoutMs: 5_000 })
  rig.timeoutWriteMs = 10_000
  using tunnel = await rig.tunnels.add(rig.grant('s1'), service)
  rig.clock.advance(4_999)
  assert.equal(tunnel.ended, undefined)
  rig.clock.advance(1)
  assert.equal(tunnel.ended, 'timeout')
})

test('whoever is blocked loses their tunnels by that, and nothing is logged as a fault', async () => {
  const rig = createRig(signedIn)
  using tunnel = await rig.tunnels.add(rig.grant('s1'), service)
  assert.deepEqual(tunnel.bytes, { up: 0, down: 0 })
  rig.routes = table(() => {
    throw new AccessError('person-blocked', 'you may do nothing on this gateway')
  })
  await rig.tunnels.redecide()
  assert.deepEqual([tunnel.ended, tunnel.reasons, rig.errors], ['person-blocked', [], []])
})

test('whoever may have no tunnel now is told why, and what to do', async () => {
  const rig = createRig(signedIn)
  const grant = rig.grant('s1')
  rig.routes = table(signedIn, { way: directTo([9]) })
  await assert.rejects(rig.tunnels.add(grant, service), {
    code: 'route-changed',
    message: 'route "db" was changed to lead elsewhere while you asked for it',
    hint: 'try again',
  })
  rig.tunnels.cutAll('shutdown')
  assert.throws(() => rig.tunnels.checkRoom(grant), {
    code: 'gateway-leaving',
    message: 'this gateway is stopping or restarting, and opens no more tunnels',
    hint: 'try again in a moment',
  })
})

test('a tunnel that is cut while it is decided again stays cut', async () => {
  const rig = createRig(signedIn)
  using tunnel = await rig.tunnels.add(rig.grant('s1'), service)
  rig.routes = table(signedIn)
  const decided = rig.tunnels.redecide()
  rig.tunnels.cut(() => true, 'cut-by-operator')
  await decided
  assert.deepEqual([tunnel.signal.aborted, tunnel.ended], [true, 'cut-by-operator'])
  assert.deepEqual(rig.tunnels.open(), [])
})

function createRig(
  evaluate: Evaluate,
  route: Partial<Route> = {},
  words?: LiveTunnelParts['words'],
): Rig {
  const clock = createFakeClock()
  const sessions = new Map(
    ['s1', 's2'].map((id) => [id, { session: makeSession(id, clock), version: 1 }]),
  )
  const authorize = createTestAuthorize(clock)
  const rig: Rig = {
    clock,
    authorize,
    sessions,
    routes: table(evaluate, route),
    timeoutWriteMs: 0,
    maxTunnelsPerUser: 0,
    errors: [],
    read: (id) => Promise.resolve(sessions.get(id)),
    tunnels: createLiveTunnels({
      ...(words && { words }),
      clock,
      logger: { ...silentLogger, error: (_, fields = {}) => void rig.errors.push(fields) },
      authorize,
      routes: () => rig.routes,
      settingsRevision: () => 1,
      timeoutWriteMs: () => rig.timeoutWriteMs,
      maxTunnelsPerUser: () => rig.maxTunnelsPerUser,
      session: (id) => rig.read(id),
      sessionVersion: (id) => sessions.get(id)?.version,
    }),
    grant(sessionId) {
      const target = { protocol: 'tcp', host: 'db.example.com', port: 5432 } as const
      const request = { requestId: 'r1', target, authority: 'db.example.com:5432' }
      const known = sessionId === undefined ? undefined : sessions.get(sessionId)
      const found = rig.routes.match(target)
      assert.ok(found)
      const caller = testCaller(known?.session, known?.version)
      return authorize(request, caller, { route: found })
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
      way: directTo([5432]),
      policy: {
        evaluate: decide,
        trace: () => assert.fail('nobody asked for a trace'),
        readsSubject: true,
        needsProvider: true,
        readsClientCertificate: false,
      },
      approval: undefined,
      breakGlass: undefined,
      isApplication: false,
      isListed: false,
      contact: '',
      fingerprint: '',
      definition: { from: 'tcp+https://db.example.com:5432', to: 'tcp://127.0.0.1:5432' },
      revision: 0,
      timeoutMs: 0,
      idleTimeoutMs: 0,
      stallTimeoutMs: 0,
      maxTunnels: 0,
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
    provider: 'default',
    issuer: 'https://login.example.com',
    issuedAtMs: clock.now(),
    expiresAtMs: clock.now() + 3_600_000,
    refreshedAtMs: clock.now(),
    refreshDueAtMs: clock.now() + 600_000,
  }
}

/** From now on the routes change while each decision is made; answers how many sessions were read. */
function keepChanging(rig: Rig): () => number {
  let reads = 0
  rig.routes = table(signedIn)
  const change = async (): Promise<void> => {
    for (let step = 0; step < 4; step += 1) {
      await Promise.resolve()
      rig.routes = table(signedIn)
    }
  }
  rig.read = (id) => {
    reads += 1
    void change()
    return Promise.resolve(rig.sessions.get(id))
  }
  return () => reads
}

/** Deciding again waits for the store: let its promises run. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { createFakeClock, type FakeClock } from '../fake-clock.ts'
import { testCaller, testRoute } from './access.fixture.ts'
import { silentLogger } from '../log.ts'
import type { Target } from '../net/target.ts'
import { changesTo, createRouteRegister, type RouteRegister } from '../routes/register.ts'
import type { NewRoute, Route } from '../routes/route.ts'
import { directTo, throughGateway } from '../routes/upstream-way.fixture.ts'
import type { Grant } from './grant.ts'
import { createTestAuthorize } from './live-tunnels.fixture.ts'
import { createLiveTunnels, type LiveTunnel, type LiveTunnels } from './live-tunnels.ts'
import type { Destination } from './tunnel-register.ts'

/** A register of routes and the tunnels that run through them. */
interface Rig {
  readonly clock: FakeClock
  readonly routes: RouteRegister
  readonly tunnels: LiveTunnels
  /** Moves whatever decisions rest on besides routes and sessions. */
  changeSettings(): void
  grant(host: string): Grant
  open(host: string): Promise<LiveTunnel>
  /** The hosts that were decided about, one for each decision. */
  readonly asked: string[]
  /** Changes routes as a reload does, and answers the hosts that were decided about meanwhile. */
  change(next: readonly NewRoute[]): Promise<readonly string[]>
}

const port = 7
const destination: Destination = {
  isReachedBy: (way) =>
    way.kind !== 'connector' && way.to.some((upstream) => upstream.port === port),
}

test('editing one of a thousand routes decides its own tunnels again, and no other', async () => {
  const all = Array.from({ length: 1_000 }, (_, index) => route(`h${index}.example.com:7`))
  const rig = createRig(all)
  const tunnels = await Promise.all(
    Array.from({ length: 1_000 }, (_, index) => rig.open(`h${index % 500}.example.com`)),
  )
  const edited = all.with(42, route('h42.example.com:7', { description: 'edited' }))
  assert.deepEqual(await rig.change(edited), ['h42.example.com', 'h42.example.com'])
  assert.deepEqual(
    tunnels.filter(({ signal }) => signal.aborted),
    [],
  )
})

test('a change that only the description shows cuts nothing, and grows the revision', async () => {
  const rig = createRig([route('a.example.com:7')])
  const [before] = rig.routes.table().routes
  const tunnel = await rig.open('a.example.com')
  await rig.change([route('a.example.com:7', { description: 'for everybody' })])
  assert.equal(tunnel.ended, undefined)
  const [after] = rig.routes.table().routes
  assert.equal(after?.description, 'for everybody')
  assert.ok(before && after.revision > before.revision)
})

test('other certificates toward a next gateway decide its tunnels again, and leave them open', async () => {
  const through = (serverName: string): NewRoute => {
    const tls = { context: createSecureContext(), serverName, skipVerify: false }
    return route('a.example.com:7', { way: throughGateway([port], { tls }) })
  }
  const b = route('b.example.com:7')
  const rig = createRig([through('one'), b])
  const tunnels = [await rig.open('a.example.com'), await rig.open('b.example.com')]
  assert.deepEqual(await rig.change([through('two'), b]), ['a.example.com'])
  assert.deepEqual(
    tunnels.map(({ ended }) => ended),
    [undefined, undefined],
  )
})

test('routes that only change their places decide nothing again', async () => {
  const all = [route('a.example.com:7'), route('b.example.com:7'), route('*.example.com:7')]
  const rig = createRig(all)
  const tunnel = await rig.open('a.example.com')
  const [before] = rig.routes.table().routes
  assert.deepEqual(await rig.change(all.toReversed()), [])
  assert.equal(tunnel.ended, undefined)
  assert.equal(rig.routes.table().routes.at(-1), before)
})

test('a policy that changes cuts the tunnels it forbids by now', async () => {
  const rig = createRig([route('a.example.com:7'), route('b.example.com:7')])
  const [a, b] = [await rig.open('a.example.com'), await rig.open('b.example.com')]
  await rig.change([shut('a.example.com:7'), route('b.example.com:7')])
  assert.deepEqual([a.ended, b.ended], ['policy-changed', undefined])
})

test('a route that is removed cuts its tunnels, and none of the others', async () => {
  const rig = createRig([route('a.example.com:7'), route('b.example.com:7')])
  const [a, b] = [await rig.open('a.example.com'), await rig.open('b.example.com')]
  rig.routes.replaceRoutes({
    remove: rig.routes
      .table()
      .routes.slice(0, 1)
      .map(({ id }) => id),
  })
  await rig.tunnels.redecide()
  assert.deepEqual([a.ended, b.ended], ['route-removed', undefined])
})

test('a route that takes over a target decides about the tunnels to it', async () => {
  const wide = route('*.example.com:7')
  const rig = createRig([wide])
  const hosts = ['shut.example.com', 'moved.example.com', 'same.example.com', 'x.example.com']
  const tunnels = await Promise.all(hosts.map((host) => rig.open(host)))
  const asked = await rig.change([
    wide,
    shut('shut.example.com:7'),
    route('moved.example.com:7', { way: directTo([8]) }),
    route('same.example.com:7', { timeoutMs: 5_000 }),
  ])
  assert.deepEqual(asked, hosts.slice(0, 3))
  const ended = (): readonly unknown[] => tunnels.map((tunnel) => tunnel.ended)
  assert.deepEqual(ended(), ['policy-changed', 'route-changed', undefined, undefined])
  // What stays has the limits of the route that has it now.
  rig.clock.advance(5_000)
  assert.deepEqual(ended().slice(2), ['timeout', undefined])
})

test('a target that falls back to a wider route is decided by that one', async () => {
  const [wide, narrow] = [shut('*.example.com:7'), route('a.example.com:7')]
  const rig = createRig([wide, narrow])
  const tunnel = await rig.open('a.example.com')
  assert.deepEqual(await rig.change([wide]), ['a.example.com'])
  assert.equal(tunnel.ended, 'policy-changed')
})

test('a route that is taken over between decision and registration is asked in its place', async () => {
  const wide = route('*.example.com:7')
  const rig = createRig([wide])
  const grant = rig.grant('a.example.com')
  rig.routes.replaceRoutes({ put: [shut('a.example.com:7')] })
  await assert.rejects(rig.tunnels.add(grant, destination), { code: 'policy-denied' })
  assert.equal(rig.tunnels.size, 0)
})

test('a route that went and came back is not the one that was decided by', async () => {
  const rig = createRig([route('a.example.com:7')])
  const grant = rig.grant('a.example.com')
  const [before] = rig.routes.table().routes
  assert.ok(before)
  rig.routes.replaceRoutes({ remove: [before.id] })
  rig.routes.replaceRoutes({ put: [shut('a.example.com:7')] })
  const [after] = rig.routes.table().routes
  assert.ok(after && after.revision > before.revision)
  await assert.rejects(rig.tunnels.add(grant, destination), { code: 'policy-denied' })
})

test('tunnels stay within "max_tunnels" of their route when it gets another id', async () => {
  const full = (more: Partial<Route>): NewRoute =>
    route('a.example.com:7', { maxTunnels: 1, ...more })
  const rig = createRig([full({ id: 'one' })])
  const tunnel = await rig.open('a.example.com')
  await rig.change([full({ id: 'two' })])
  await assert.rejects(rig.open('a.example.com'), { code: 'too-many-tunnels' })
  tunnel[Symbol.dispose]()
  await rig.open('a.example.com')
  assert.equal(rig.tunnels.size, 1)
})

test('a setting that is of no route decides every tunnel again', async () => {
  const all = [route('a.example.com:7'), route('b.example.com:7')]
  const rig = createRig(all)
  await rig.open('a.example.com')
  await rig.open('b.example.com')
  assert.deepEqual(await rig.change(all), [])
  rig.changeSettings()
  assert.deepEqual(await rig.change(all), ['a.example.com', 'b.example.com'])
})

test('a setting that changes between decision and registration is looked at', async () => {
  const rig = createRig([route('a.example.com:7')])
  const grant = rig.grant('a.example.com')
  rig.changeSettings()
  await rig.tunnels.add(grant, destination)
  assert.deepEqual(rig.asked, ['a.example.com', 'a.example.com'])
})

function route(from: string, more: Partial<Route> = {}): NewRoute {
  return testRoute(`tcp+https://${from}`, [port], undefined, more)
}

function shut(from: string): NewRoute {
  return testRoute(`tcp+https://${from}`, [port], { deny: { or: [{ accept: true }] } })
}

function createRig(first: readonly NewRoute[]): Rig {
  const clock = createFakeClock()
  const routes = createRouteRegister(first)
  const asked: string[] = []
  let settings = 1
  const settingsRevision = (): number => settings
  const authorizeOnce = createTestAuthorize(clock, settingsRevision)
  const authorize: typeof authorizeOnce = (request, caller, circumstances) => {
    asked.push(request.target.host)
    return authorizeOnce(request, caller, circumstances)
  }
  const tunnels = createLiveTunnels({
    clock,
    logger: silentLogger,
    authorize,
    routes: routes.table,
    settingsRevision,
    timeoutWriteMs: () => 0,
    maxTunnelsPerUser: () => 0,
    session: () => Promise.resolve(undefined),
    sessionVersion: () => undefined,
  })
  const grant = (host: string): Grant => {
    const target: Target = { protocol: 'tcp', host, port: 7 }
    const found = routes.table().match(target)
    assert.ok(found)
    const request = { requestId: 'r', target, authority: `${host}:7` }
    return authorize(request, testCaller(), { route: found })
  }
  return {
    clock,
    routes,
    tunnels,
    asked,
    grant,
    changeSettings: () => void (settings += 1),
    open: (host) => tunnels.add(grant(host), destination),
    async change(next) {
      asked.length = 0
      routes.replaceRoutes(changesTo(next, routes.table()))
      await tunnels.redecide()
      return [...asked]
    },
  }
}

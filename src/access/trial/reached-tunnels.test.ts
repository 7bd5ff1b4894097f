import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createFakeClock } from '../../fake-clock.ts'
import { testCaller, testRoute, testSession } from '../access.fixture.ts'
import type { Session } from '../../identity/session.ts'
import { silentLogger } from '../../log.ts'
import { parsePolicy } from '../../policy/language/parse.ts'
import { arbitrarySharedPolicy } from '../../policy/tracing/arbitrary.fixture.ts'
import { changesTo, createRouteRegister } from '../../routes/register.ts'
import type { NewRoute } from '../../routes/route.ts'
import { createDecide } from '../decide.ts'
import { createTestAuthorize } from '../live-tunnels.fixture.ts'
import { createLiveTunnels, type LiveTunnel } from '../live-tunnels.ts'
import { reachedTunnels } from './reached-tunnels.ts'
import { changedRoutes } from './route-changes.ts'

const clock = createFakeClock()
const hosts = ['db.lab.example.com', 'ssh.lab.example.com', 'web.example.com']

function person(id: string, more: Partial<Session>): Session {
  const expiresAtMs = clock.now() + 3_600_000
  return { ...testSession(id, `${id}@corp.example`), id, expiresAtMs, ...more }
}

const people = [
  person('ann', { groups: ['dba'] }),
  person('bo', { groups: ['dev'] }),
  person('cy', { email: 'cy@other.example', emailVerified: false }),
  undefined,
]

/** A route as a change may leave it: of some name, somewhere, for somebody; or none. */
const form = fc.option(
  fc.record({
    host: fc.constantFrom(...hosts, '*.lab.example.com'),
    port: fc.constantFrom(1, 2),
    policy: fc.oneof(arbitrarySharedPolicy, fc.constant([{ allow: { or: [{ accept: true }] } }])),
  }),
  { freq: 4 },
)
const forms = fc.tuple(form, form, form)
type Forms = typeof forms extends fc.Arbitrary<infer Value> ? Value : never

function routesOf(written: Forms): readonly NewRoute[] {
  return written.flatMap((it, index) => {
    if (it === null) return []
    const parsed = parsePolicy(it.policy)
    assert.ok('policy' in parsed)
    const route = testRoute(`tcp+https://${it.host}:22`, [it.port])
    return [{ ...route, id: `r${index}`, name: `r${index}`, policy: parsed.policy }]
  })
}

test('the tunnels that a change is said to cut are those that it cuts, for the same cause', async () => {
  let cut = 0
  let kept = 0
  await fc.assert(
    fc.asyncProperty(forms, forms, async (first, second) => {
      const before = routesOf(first)
      // What is written as it was is the same route.
      const after = routesOf(second).map((route, index) =>
        JSON.stringify(first[index]) === JSON.stringify(second[index])
          ? (before.find(({ id }) => id === route.id) ?? route)
          : route,
      )
      const register = createRouteRegister(before)
      const authorize = createTestAuthorize(clock)
      const tunnels = createLiveTunnels({
        clock,
        logger: silentLogger,
        authorize,
        routes: register.table,
        settingsRevision: () => 1,
        timeoutWriteMs: () => 0,
        maxTunnelsPerUser: () => 0,
        session: (id) => {
          const session = people.find((it) => it?.id === id)
          return Promise.resolve(session && { session, version: 1 })
        },
        sessionVersion: () => 1,
      })
      const opened = new Map<string, LiveTunnel>()
      for (const host of hosts)
        for (const [index, session] of people.entries()) {
          const target = { protocol: 'tcp', host, port: 22 } as const
          const route = register.table().match(target)
          if (route === undefined) continue
          const requestId = `${host} ${index}`
          const caller = testCaller(session, session && 1)
          try {
            const grant = authorize({ requestId, target, authority: host }, caller, { route })
            const isReachedBy = (way: unknown, from: unknown): boolean =>
              JSON.stringify(way) === JSON.stringify(from)
            opened.set(requestId, await tunnels.add(grant, { isReachedBy }))
          } catch {
            // Whoever may not has no tunnel that could be cut.
          }
        }
      const decide = createDecide({
        clock,
        clientCertificates: { facts: () => undefined },
        subjectOf: (who) => who,
      })
      const changes = changedRoutes(before, after)
      const foreseen = await reachedTunnels(tunnels.open(), { after, changes, decide })
      register.replaceRoutes(changesTo(after, register.table()))
      await tunnels.redecide()
      const ended = [...opened].filter(([, tunnel]) => tunnel.signal.aborted)
      const found = ended.map(([id, tunnel]) => `${id}: ${tunnel.ended}`)
      assert.deepEqual(
        foreseen
          .map(({ tunnel, ended: why }) => `${tunnel.grant.request.requestId}: ${why}`)
          .sort(),
        found.sort(),
      )
      cut += ended.length
      kept += opened.size - ended.length
      for (const tunnel of opened.values()) tunnel[Symbol.dispose]()
    }),
    { numRuns: 300 },
  )
  assert.ok(cut > 100 && kept > 100, `${cut} cut, ${kept} kept`)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetrics } from '../metrics.ts'
import { withSamples } from './counted-metrics.ts'
import { createSampleCounts } from './sample-counts.ts'

const now = { sessions: 7, connectors: 2 }
const none = {
  tunnelsOpen: 0,
  tunnelsOpened: 0,
  bytesUp: 0,
  bytesDown: 0,
  allowed: 0,
  denied: 0,
  signInNeeded: 0,
  certificateNeeded: 0,
}
const noSignIns = { signInsOk: 0, signInsFailed: 0 }
const db = { id: 'db', name: 'the database' }

test('bytes of an open tunnel are counted once, in the minutes in which they moved', () => {
  const counts = createSampleCounts()
  const bytes = { up: 0, down: 0 }
  const tunnel = counts.tunnelOpened('db', bytes)
  Object.assign(bytes, { up: 10, down: 20 })
  const first = { ...none, tunnelsOpen: 1, tunnelsOpened: 1, bytesUp: 10, bytesDown: 20 }
  assert.deepEqual(counts.take(5, now), {
    atMs: 5,
    gateway: { ...first, ...noSignIns, ...now },
    routes: [{ routeId: 'db', ...first }],
  })
  Object.assign(bytes, { up: 13, down: 20 })
  const second = { ...none, tunnelsOpen: 1, bytesUp: 3 }
  assert.deepEqual(counts.take(6, now).routes, [{ routeId: 'db', ...second }])
  Object.assign(bytes, { up: 14, down: 21 })
  tunnel.ended()
  Object.assign(bytes, { up: 99, down: 99 })
  tunnel.ended()
  const third = { ...none, tunnelsOpen: 1, bytesUp: 1, bytesDown: 1 }
  assert.deepEqual(counts.take(7, now).routes, [{ routeId: 'db', ...third }])
  const { gateway, routes } = counts.take(8, now)
  assert.deepEqual([gateway, routes], [{ ...none, ...noSignIns, ...now }, []])
})

test('of open tunnels the most at once is kept, of each route and of all', () => {
  const counts = createSampleCounts()
  const open = (route: string) => counts.tunnelOpened(route, { up: 0, down: 0 })
  open('db').ended()
  const [one, two] = [open('db'), open('ssh')]
  one.ended()
  const { gateway, routes } = counts.take(5, now)
  assert.deepEqual([gateway.tunnelsOpen, gateway.tunnelsOpened], [2, 3])
  const perRoute = routes.map(({ routeId, tunnelsOpen, tunnelsOpened }) => [
    routeId,
    tunnelsOpen,
    tunnelsOpened,
  ])
  assert.deepEqual(perRoute, [
    ['db', 1, 2],
    ['ssh', 1, 1],
  ])
  two.ended()
})

test('what the metrics count of decisions, sign-ins and tunnels is counted for pictures', async () => {
  const counts = createSampleCounts()
  const metrics = withSamples(createMetrics(), counts)
  for (const outcome of ['allow', 'deny', 'deny', 'sign-in', 'client-certificate'] as const)
    metrics.decided(outcome, db)
  for (const outcome of ['ok', 'failed', 'failed'] as const) metrics.signedIn(outcome)
  metrics.tunnelOpened(db, { up: 1, down: 2 }).ended('client-closed', 5)
  const decided = { allowed: 1, denied: 2, signInNeeded: 1, certificateNeeded: 1 }
  const tunnels = { tunnelsOpen: 1, tunnelsOpened: 1, bytesUp: 1, bytesDown: 2 }
  const { gateway, routes } = counts.take(5, now)
  assert.deepEqual(gateway, { ...decided, ...tunnels, signInsOk: 1, signInsFailed: 2, ...now })
  assert.deepEqual(routes, [{ routeId: 'db', ...decided, ...tunnels }])
  const text = await metrics.render()
  assert.ok(text.includes('postern_decisions_total{outcome="deny"} 2'))
  assert.ok(text.includes('postern_sign_ins_total{outcome="failed"} 2'))
  assert.ok(text.includes('postern_tunnel_bytes_total{direction="down"} 2'))
})

test('beyond a thousand routes a minute, further ones are counted in the whole alone', () => {
  const counts = createSampleCounts()
  const held = counts.tunnelOpened('held', { up: 0, down: 0 })
  for (let route = 0; route < 1_500; route += 1) counts.decided('allow', String(route))
  const { gateway, routes } = counts.take(5, now)
  assert.deepEqual([gateway.allowed, routes.length], [1_500, 1_000])
  counts.decided('allow', '1400')
  const next = counts.take(6, now)
  assert.deepEqual(
    next.routes.map(({ routeId }) => routeId),
    ['held', '1400'],
  )
  held.ended()
})

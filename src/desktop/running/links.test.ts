import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../clock.ts'
import { startFakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { connectionSettings } from '../wire/connection.ts'
import type { GatewayView } from '../wire/view.ts'
import { openDaemonRig, startDoor } from './daemon.fixture.ts'
import { merged } from '../gateways/links.ts'

const origin = 'https://gateway.corp'

test('a gateway is shown as by the way that reaches it, and knows most', () => {
  const stale: GatewayView = { origin, reach: 'unreachable', session: 'signed-in' }
  const fresh: GatewayView = { origin, reach: 'reachable', session: 'signed-in' }
  const wanted: GatewayView = { origin, reach: 'reachable', session: 'wanted' }
  const never: GatewayView = { origin, reach: 'unreachable', session: 'unknown' }
  assert.deepEqual(merged([stale, fresh]), [fresh])
  assert.deepEqual(merged([stale, wanted]), [wanted])
  assert.deepEqual(merged([wanted, fresh, never]), [fresh])
  assert.deepEqual(merged([never, stale]), [stale])
})

test('a link that its connections have left for another to the same gateway is ended', async () => {
  await using gateway = await startFakeGateway({ isPublic: true })
  await using rig = await openDaemonRig()
  const { daemon } = rig
  const id = await rig.add(gateway)
  await daemon.up([id])
  const [former] = daemon.links.all()
  const { id: _, address: __, ...settings } = daemon.find(id).saved
  const changed = connectionSettings.parse({ ...settings, ca_cert: `${gateway.ca}${gateway.ca}` })
  await daemon.change({ replace: new Map([[id, changed]]) })
  const links = daemon.links.all()
  assert.equal(links.length, 1)
  assert.notEqual(links[0], former)
})

test('a gateway is asked as soon as somebody looks, and not only a while later', async () => {
  await using gateway = await startFakeGateway({ isPublic: true })
  await using door = await startDoor(gateway.port)
  // By this clock it looks by itself after 15 seconds at the earliest.
  await using rig = await openDaemonRig({ clock: systemClock })
  const id = await rig.add({ origin: door.origin, ca: gateway.ca })
  await rig.daemon.up([id])
  const [link] = rig.daemon.links.all()
  await link?.check()
  assert.equal(link?.view.reach, 'reachable')
  await door.close()
  const beganMs = Date.now()
  await rig.untilState(id, 'gateway-unreachable')
  assert.ok(Date.now() - beganMs < 10_000)
})

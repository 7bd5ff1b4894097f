import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { once } from 'node:events'
import { test } from 'node:test'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { startFakeGateway, type FakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { openDaemonRig } from './daemon.fixture.ts'

function wayTo(gateway: FakeGateway) {
  const trust = { disable_tls_verification: false, ca_cert: gateway.ca }
  return { gateway: parseGatewayUrl(gateway.origin), trust }
}

test('what is begun while a daemon ends is not left behind', async () => {
  await using gateway = await startFakeGateway({ isPublic: true })
  await using rig = await openDaemonRig()
  const { daemon } = rig
  const id = await rig.add(gateway)
  const listen = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const
  const password = { user: 'postern', password: 'secret' }
  const opening = daemon.openProxy({ ...wayTo(gateway), listen, password })
  const ended = daemon.close(0)
  const { address } = await opening
  await ended
  const [host = '', port = ''] = address.split(':')
  const [error] = await once(connect({ host, port: Number(port) }), 'error')
  assert.equal((error as NodeJS.ErrnoException).code, 'ECONNREFUSED')

  await daemon.up([id])
  assert.equal(daemon.viewOf(id).is_up, false)
  const { gateway: origin, trust } = wayTo(gateway)
  const other = { ...trust, ca_cert: `${gateway.ca}${gateway.ca}` }
  await assert.rejects(daemon.links.take(origin, other), /the daemon ends/)
})

test('a sign-in of somebody who looks goes on whatever is taken down, and no longer', async () => {
  await using gateway = await startFakeGateway()
  await using rig = await openDaemonRig({ browser: () => undefined })
  const { daemon } = rig
  const { gateway: address, trust } = wayTo(gateway)
  const looking = daemon.follow(() => undefined)
  const link = await daemon.links.take(address, trust)
  assert.ok((await link.signIn()).url)
  await daemon.down([])
  assert.deepEqual(daemon.links.all(), [link])
  assert.ok(link.view.sign_in_url)
  looking[Symbol.dispose]()
  await daemon.down([])
  assert.deepEqual(daemon.links.all(), [])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { followSignIn, startFakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { openDaemonRig } from './daemon.fixture.ts'

test('a sign-in that was begun in the window is seen when it is done, and stays', async () => {
  await using gateway = await startFakeGateway()
  await using rig = await openDaemonRig()
  const link = await rig.daemon.links.take(parseGatewayUrl(gateway.origin), {
    ca_cert: gateway.ca,
    disable_tls_verification: false,
  })
  const { url = '' } = await link.signIn()
  assert.equal(link.view.session, 'wanted')
  const seen: string[] = []
  using _following = rig.daemon.onChange(() => seen.push(link.view.session))
  await Promise.all([
    followSignIn(url),
    rig.untilGateway(gateway.origin, ({ session }) => session === 'signed-in'),
  ])
  await link.check()
  assert.deepEqual([...new Set(seen)], ['signed-in'])
})

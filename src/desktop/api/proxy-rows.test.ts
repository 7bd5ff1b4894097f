import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { startFakeGateway, type FakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { proxyPassword } from '../proxy/proxy-password.ts'
import { openDaemonRig, type DaemonRig } from '../running/daemon.fixture.ts'
import { proxyInput, type ProxyInput } from '../wire/calls.ts'
import type { ProxyView } from '../wire/view.ts'
import { proxyRows } from './proxy-rows.ts'

test('a proxy is for the only gateway of the connections, trusted as they do', async () => {
  await using gateway = await startFakeGateway({ isPublic: true })
  await using rig = await openDaemonRig()
  await rig.add(gateway)
  await rig.add(gateway)
  const view = await open(rig, { listen: '127.0.0.1:0' })
  assert.equal(view.gateway, gateway.origin)
  // Its certificate is nobody's but the connection's.
  await rig.untilGateway(gateway.origin, ({ reach }) => reach === 'reachable')
  const { user } = await proxyPassword(stateOf(rig))
  assert.equal(view.user, user)
  assert.ok(
    !JSON.stringify(rig.daemon.view()).includes((await proxyPassword(stateOf(rig))).password),
  )
})

test('of several gateways one has to be named, however it is written', async () => {
  await using first = await startFakeGateway({ isPublic: true })
  await using second = await startFakeGateway({ isPublic: true })
  await using rig = await openDaemonRig()
  const missing = { code: 'gateway-missing', hint: /"--proxy-gateway https:/ }
  await assert.rejects(open(rig, { listen: '127.0.0.1:0' }), missing)
  await rig.add(first)
  await rig.add(second)
  const ambiguous = { code: 'gateway-ambiguous', hint: /"--proxy-gateway https:/ }
  await assert.rejects(open(rig, { listen: '127.0.0.1:0' }), ambiguous)
  const view = await open(rig, { listen: '127.0.0.1:0', gateway: hostOf(second) })
  assert.equal(view.gateway, second.origin)
  await rig.untilGateway(second.origin, ({ reach }) => reach === 'reachable')
  const other = await open(rig, { listen: '127.0.0.1:0', gateway: 'https://gw.example.com/' })
  assert.equal(other.gateway, 'https://gw.example.com')
})

test('what is no address of this machine is refused', async () => {
  await using rig = await openDaemonRig()
  const gateway = 'https://gw.example.com'
  for (const [listen, code] of [
    ['-', 'invalid-listen-address'],
    ['nonsense', 'invalid-listen-address'],
    [':3128', 'proxy-open-to-others'],
    ['0.0.0.0:3128', 'proxy-open-to-others'],
    ['[::]:3128', 'proxy-open-to-others'],
  ] as const) {
    await assert.rejects(open(rig, { listen, gateway }), { code }, listen)
  }
  assert.deepEqual(rig.daemon.view().proxies, [])
})

test('a remembered gateway is taken by its name, and without connections it is the default one', async () => {
  await using office = await startFakeGateway({ isPublic: true })
  await using lab = await startFakeGateway({ isPublic: true })
  const gateways = Object.entries({ office, lab }).map(([name, { origin, ca }]) => ({
    name,
    url: origin,
    ca,
    knownNames: [],
  }))
  const remembered = { gateways, defaultName: 'lab' }
  await using rig = await openDaemonRig({ remembered: () => Promise.resolve(remembered) })
  for (const [gateway, { origin }] of [
    ['office', office],
    [undefined, lab],
  ] as const) {
    const view = await open(rig, { listen: '127.0.0.1:0', gateway })
    assert.equal(view.gateway, origin)
    // Nobody but what is remembered vouches for its certificate.
    await rig.untilGateway(origin, ({ reach }) => reach === 'reachable')
  }
})

const stateOf = ({ directory }: DaemonRig): string => join(directory, 'state')
const hostOf = ({ origin }: FakeGateway): string => new URL(origin).host

function open(rig: DaemonRig, input: ProxyInput): Promise<ProxyView> {
  const [opens] = proxyRows(rig.daemon, stateOf(rig))
  const served = opens?.serve(proxyInput.parse(input), () => '', new Request('http://x/'))
  return served as Promise<ProxyView>
}

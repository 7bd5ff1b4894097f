import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { startFakeGateway, type FakeGateway } from '../../reach/fake-gateway.fixture.ts'
import {
  connectHead,
  established,
  password,
  readAll,
  readBytes,
} from '../proxy/local-proxy.fixture.ts'
import type { ProxyView } from '../wire/view.ts'
import { openDaemonRig, type DaemonRig } from './daemon.fixture.ts'

const port = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const

describe('the local proxies of a daemon', () => {
  test('lead to every route, sign in once, and are seen with what they carry', async (t) => {
    await using gateway = await startFakeGateway()
    await using rig = await openDaemonRig()
    const { daemon } = rig
    const view = await openProxy(rig, gateway)
    assert.deepEqual(view, {
      address: view.address,
      gateway: gateway.origin,
      user: password.user,
      tunnels: 0,
      bytes: { up: 0, down: 0 },
    })
    assert.equal(daemon.isIdle, false, 'it stays up for the proxy')
    const sockets = [await reach(t, view, 'db.corp:5432'), await reach(t, view, 'cache.corp:6379')]
    for (const socket of sockets) {
      socket.write('four')
      assert.equal((await readBytes(socket, 4)).toString(), 'four')
    }
    assert.equal(rig.opened.length, 1)
    const asked = new Set(gateway.connects.map(({ authority }) => authority))
    assert.deepEqual(asked, new Set(['db.corp:5432', 'cache.corp:6379']))
    const [busy] = daemon.view().proxies
    assert.deepEqual([busy?.tunnels, busy?.bytes], [2, { up: 8, down: 8 }])
    await rig.untilGateway(gateway.origin, ({ session }) => session === 'signed-in')
    for (const socket of sockets) socket.end()
    await untilProxies(rig, ([one]) => one?.tunnels === 0)
    assert.deepEqual(daemon.view().proxies[0]?.bytes, { up: 8, down: 8 })
    assert.deepEqual(await daemon.closeProxies(), [view.address])
    assert.deepEqual([daemon.view().proxies, daemon.isIdle], [[], true])
    await assert.rejects(dialled(view.address), { code: 'ECONNREFUSED' })
  })

  test('never lead to their own gateway, which would wait for itself', async (t) => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using rig = await openDaemonRig()
    const view = await openProxy(rig, gateway)
    const socket = await dialled(view.address)
    t.after(() => socket.destroy())
    socket.write(connectHead(new URL(gateway.origin).host))
    const answer = (await readAll(socket)).toString()
    assert.match(answer, /^HTTP\/1\.1 403 "localhost:\d+" is the gateway of the local proxy itself/)
    assert.match(answer, /hint: put "localhost" into NO_PROXY/)
    assert.deepEqual(gateway.connects, [])
    await rig.untilGateway(gateway.origin, ({ reach }) => reach === 'reachable')
  })

  test('make room for one at the same address', async (t) => {
    await using first = await startFakeGateway({ isPublic: true })
    await using second = await startFakeGateway({ isPublic: true })
    await using rig = await openDaemonRig()
    const directory = await mkdtemp(join(tmpdir(), 'postern-'))
    t.after(() => rm(directory, { recursive: true }))
    const listen = { kind: 'unix', path: join(directory, 'proxy') } as const
    for (const gateway of [first, second]) {
      await rig.daemon.openProxy({ ...wanted(gateway), listen, password: undefined })
    }
    assert.deepEqual(
      rig.daemon.view().proxies.map(({ gateway, user }) => [gateway, user]),
      [[second.origin, undefined]],
    )
    const socket = connect({ path: listen.path })
    t.after(() => socket.destroy())
    socket.write(connectHead('db.corp:22', ''))
    assert.equal((await readBytes(socket, established.length)).toString(), established)
    assert.deepEqual([first.connects.length, second.connects.length], [0, 1])
  })

  test('say who holds a port that they cannot have, and leave nothing behind', async (t) => {
    await using gateway = await startFakeGateway({ isPublic: true })
    const whoHolds = (): Promise<string> => Promise.resolve('it is in use by postgres (process 1)')
    await using rig = await openDaemonRig({ whoHolds })
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    t.after(() => other.close())
    const listen = { ...port, port: (other.address() as AddressInfo).port }
    await assert.rejects(rig.daemon.openProxy({ ...wanted(gateway), listen, password }), {
      code: 'address-in-use',
      message: 'it is in use by postgres (process 1)',
    })
    assert.deepEqual([rig.daemon.view().proxies, rig.daemon.isIdle], [[], true])
    assert.deepEqual(rig.daemon.links.views(), [])
  })
})

function wanted(gateway: FakeGateway) {
  const trust = { disable_tls_verification: false, ca_cert: gateway.ca }
  return { gateway: parseGatewayUrl(gateway.origin), trust }
}

function openProxy({ daemon }: DaemonRig, gateway: FakeGateway): Promise<ProxyView> {
  return daemon.openProxy({ ...wanted(gateway), listen: port, password })
}

async function dialled(address: string): Promise<Socket> {
  const [host = '', at = ''] = address.split(':')
  const socket = connect({ host, port: Number(at), allowHalfOpen: true })
  await once(socket, 'connect')
  return socket.on('error', () => undefined)
}

/** A connection through the proxy that is open. */
async function reach(t: TestContext, { address }: ProxyView, authority: string): Promise<Socket> {
  const socket = await dialled(address)
  t.after(() => socket.destroy())
  socket.write(connectHead(authority))
  assert.equal((await readBytes(socket, established.length)).toString(), established)
  return socket
}

async function untilProxies(
  { daemon }: DaemonRig,
  isMet: (proxies: readonly ProxyView[]) => boolean,
): Promise<void> {
  const met = Promise.withResolvers<void>()
  using _ = daemon.follow(() => {
    if (isMet(daemon.view().proxies)) met.resolve()
  })
  await met.promise
}

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { startFakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { echoed, openDaemonRig } from './daemon.fixture.ts'

test('one that leads elsewhere listens again once it has left its address', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  await using gateway = await startFakeGateway({ isPublic: true })
  const isTriedAgain = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<undefined>()
  let attempts = 0
  await using rig = await openDaemonRig({
    whoHolds() {
      attempts += 1
      if (attempts === 1) return Promise.resolve(undefined)
      isTriedAgain.resolve()
      return gate.promise
    },
  })
  const { daemon } = rig
  const id = await rig.add(gateway, { listen: `127.0.0.1:${port}` })
  await daemon.up([id])
  await isTriedAgain.promise
  other.close()
  await once(other, 'close')
  const order: string[] = []
  using _ = daemon.onEntry(({ message }) => void order.push(message))
  const { id: __, address: ___, ...settings } = daemon.find(id).saved
  const changed = daemon.change({
    replace: new Map([[id, { ...settings, destination: 'other.corp:1' }]]),
  })
  while (daemon.find(id).saved.destination !== 'other.corp:1') await turn()
  // In a daemon beside it one has listened meanwhile, and is taken down.
  await using beside = await openDaemonRig()
  const same = await beside.add(gateway)
  await beside.daemon.up([same])
  await beside.daemon.down([same])
  order.push('left')
  gate.resolve(undefined)
  await changed
  assert.deepEqual(order, ['left', `listening on 127.0.0.1:${port}`])
})

test('one that is taken down and up again at once listens again once it has left its address', async () => {
  await using gateway = await startFakeGateway({ isPublic: true })
  await using rig = await openDaemonRig()
  const { daemon } = rig
  const id = await rig.add(gateway)
  await daemon.up([id])
  await Promise.all([daemon.down([id]), daemon.up([id])])
  const said = daemon.logOf(id).map(({ message }) => message.split(' on ')[0])
  const ofAddress = said.filter((message) => message?.includes('listening'))
  assert.deepEqual(ofAddress, ['listening', 'no longer listening', 'listening'])
  assert.equal(daemon.viewOf(id).is_up, true)
})

test('of one that is removed its end is told, and no line is kept', async () => {
  await using gateway = await startFakeGateway({ isPublic: true })
  await using rig = await openDaemonRig()
  const { daemon } = rig
  const id = await rig.add(gateway)
  await daemon.up([id])
  const told: string[] = []
  using _ = daemon.onEntry(({ message }) => void told.push(message))
  await daemon.change({ remove: [id] })
  assert.match(told.join('\n'), /no longer listening on /)
  assert.deepEqual(daemon.wholeLog(), [])
  // Such as the answer to a request for access, which comes in its own time.
  daemon.note(id, { level: 'info', message: 'asked for access' })
  assert.deepEqual(daemon.wholeLog(), [])
})

test('after a wake tunnels go by a new connection, and those there are go on', async () => {
  const body = JSON.stringify({ email: 'ada@example.com' })
  const answers = { [gatewayPaths.user]: { status: 200, body } }
  await using gateway = await startFakeGateway({ answers })
  await using rig = await openDaemonRig()
  const { daemon } = rig
  const id = await rig.add(gateway)
  await daemon.up([id])
  const before = await rig.dial(id)
  await echoed(before)
  await rig.untilGateway(gateway.origin, ({ person }) => person !== undefined)
  const connectionsFor = async (): Promise<number> => {
    // Nothing is asked meanwhile.
    await daemon.links.all()[0]?.check()
    const { connections } = gateway
    const socket = await rig.dial(id)
    await echoed(socket)
    socket.destroy()
    return gateway.connections - connections
  }
  assert.equal(await connectionsFor(), 0)
  await daemon.lookAgain('the machine slept')
  assert.equal(await connectionsFor(), 1)
  assert.equal(await connectionsFor(), 0)
  await echoed(before, 'still there')
  before.destroy()
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { silentLogger } from '../../log.ts'
import { createConnectWay } from './connect.ts'
import type { TunnelWay } from './way.ts'
import { createDialer, type GatewayDialer, type GatewayConnection } from '../../reach/dialer.ts'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { waySuite } from './way.suite.ts'
import { startFakeGateway, type FakeGatewayOptions } from '../../reach/fake-gateway.fixture.ts'

for (const [name, protocols, version] of [
  ['CONNECT that finds HTTP/2', ['h2', 'http/1.1'], '2'],
  ['CONNECT that finds HTTP/1.1', ['http/1.1'], '1.1'],
] as const) {
  waySuite({
    name,
    protocols,
    version,
    create: (dialer) => createConnectWay(dialer, silentLogger),
  })
}

/** A way through which bytes go until it is frozen: those of old connections are then lost without a word. */
async function startWay(t: TestContext, port: number) {
  const pairs = new Set<readonly [Socket, Socket]>()
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    for (const socket of [near, far]) socket.on('error', () => undefined)
    near.pipe(far)
    far.pipe(near)
    pairs.add([near, far])
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of [...pairs].flat()) socket.destroy()
  })
  return {
    port: (server.address() as AddressInfo).port,
    /** How many connections have been made. */
    count: () => pairs.size,
    /** Resolves when the client has let go of them all. */
    async freeze() {
      for (const [near, far] of pairs) {
        near.unpipe(far).resume()
        far.unpipe(near).resume()
      }
      await Promise.all([...pairs].map(([near]) => once(near, 'end')))
    },
  }
}

async function startRig(t: TestContext, protocols?: FakeGatewayOptions['protocols']) {
  const gateway = await startFakeGateway({ isPublic: true, ...(protocols && { protocols }) })
  t.after(() => gateway[Symbol.asyncDispose]())
  const way = await startWay(t, gateway.port)
  const address = parseGatewayUrl(`https://localhost:${way.port}`)
  const trust = { isVerified: true, extraCa: [gateway.ca], clientCertificate: undefined }
  const dialer = createDialer({ gateway: address, trust })
  const transport = createConnectWay(dialer, silentLogger)
  t.after(() => transport.destroy())
  return { gateway, way, transport, dialer, address }
}

function ask(transport: TunnelWay) {
  const { signal } = new AbortController()
  return transport.connect({ authority: 'echo.test:7', fields: {}, signal })
}

async function open(transport: TunnelWay): Promise<Duplex> {
  const { tunnel } = await ask(transport)
  assert.ok(tunnel)
  tunnel.on('error', () => undefined)
  return tunnel
}

async function echoes(tunnel: Duplex): Promise<void> {
  tunnel.write('ping')
  const [bytes] = (await once(tunnel, 'data')) as [Buffer]
  assert.equal(bytes.toString(), 'ping')
}

test('a tunnel asked for on a dead connection is asked for again on a new one', async (t) => {
  const { gateway, way, transport } = await startRig(t)
  const first = await open(transport)
  await echoes(first)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  void way.freeze()
  const opening = [open(transport), open(transport)]
  await nextTurns(3)
  t.mock.timers.tick(5_000)
  const tunnels = await Promise.all(opening)
  await Promise.all(tunnels.map(echoes))
  // Whoever is on the old connection lives or dies with it; nobody else gets there.
  assert.equal(first.destroyed, false)
  await echoes(await open(transport))
  assert.equal(way.count(), 2)
  assert.deepEqual(new Set(gateway.connects.map(({ version }) => version)), new Set(['2']))
})

test('a dead connection without a tunnel is let go of at once', async (t) => {
  const { way, transport } = await startRig(t)
  const first = await open(transport)
  await echoes(first)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const released = way.freeze()
  first.destroy()
  const opening = open(transport)
  await nextTurns(3)
  t.mock.timers.tick(5_000)
  await echoes(await opening)
  await released
})

test('a connection that hangs while it is made gets a second beside it', async (t) => {
  const { way, transport } = await startRig(t)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const opening = open(transport)
  while (way.count() === 0) await nextTurns(1)
  const released = way.freeze()
  t.mock.timers.tick(5_000)
  await echoes(await opening)
  await released
})

test('a connection that was silent from its start leads to HTTP/1.1 once, not for good', async (t) => {
  const { gateway, way, dialer, address } = await startRig(t)
  const stalled = createServer((socket) => void socket.on('error', () => undefined).resume())
  stalled.listen(0, '127.0.0.1')
  await once(stalled, 'listening')
  t.after(() => stalled.close())
  let isFirst = true
  const openStalled = async (
    ...args: Parameters<GatewayDialer['open']>
  ): Promise<GatewayConnection> => {
    if (!isFirst) return dialer.open(...args)
    isFirst = false
    const { port } = stalled.address() as AddressInfo
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    return { socket, protocol: 'h2' }
  }
  const transport = createConnectWay({ gateway: address, open: openStalled }, silentLogger)
  t.after(() => transport.destroy())
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const opening = open(transport)
  await nextTurns(3)
  t.mock.timers.tick(5_000)
  await echoes(await opening)
  await echoes(await open(transport))
  assert.deepEqual(
    gateway.connects.map(({ version }) => version),
    ['1.1', '2'],
  )
  assert.equal(way.count(), 2)
})

test('a connection over HTTP/1.1 whose program has left is not kept for the next one', async (t) => {
  const { gateway, dialer, address } = await startRig(t, ['http/1.1'])
  const gone = new AbortController()
  const made: Socket[] = []
  const transport = createConnectWay(
    {
      gateway: address,
      async open(...args) {
        const connection = await dialer.open(...args)
        made.push(connection.socket)
        gone.abort(new Error('the program has left'))
        return connection
      },
    },
    silentLogger,
  )
  t.after(() => transport.destroy())
  const { signal } = gone
  await assert.rejects(transport.connect({ authority: 'echo.test:7', fields: {}, signal }), /left/)
  await nextTurns(2)
  assert.equal(made[0]?.destroyed, true)
  await echoes(await open(transport))
  assert.equal(gateway.connects.length, 1)
})

async function nextTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

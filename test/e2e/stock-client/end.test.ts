import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { describe } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { peerTest } from '../peers.ts'
import { exchange, untilEnded } from '../person.ts'
import { alice, bob, route, type GatewayRig } from '../rig.ts'
import type { Scope } from '../scope.ts'
import { dial, openTunnel, signIn, startStock, target } from './stock.ts'
import { alertRecord, startWire, type Wire } from './wire.ts'

/** A route to a service that a test has in its hand. */
const handled = 'handled.example.com:7'
const answerBytes = 8 * 1024 * 1024
/** More than the system's buffers of three connections on loopback. */
const maxBufferedMib = 64
const stuckMs = 1_000

/** What ends a tunnel from the gateway's side. */
const ends: Readonly<Record<string, (it: Stage) => Promise<unknown> | void>> = {
  'the service has ended': ({ service }) => void service.end(),
  'the service resets the connection': ({ service }) => void service.resetAndDestroy(),
  'the session is revoked': ({ rig }) =>
    rig.postern('gateway', 'sessions', 'revoke', '-c', rig.configPath, alice),
  'the policy changes': ({ rig }) =>
    rig.configure((file) => ({
      ...file,
      routes: file.routes.map((entry) => ({ ...entry, ...bobAlone })),
    })),
  'the route is taken away': ({ rig }) =>
    rig.configure((file) => ({
      ...file,
      routes: file.routes.filter(({ name }) => name !== 'handled'),
    })),
  'the gateway stops': ({ rig }) => rig.stop(),
}
const bobAlone = { policy: [{ allow: { or: [{ email: { is: bob } }] } }] }

describe('G9: the end of a tunnel', () => {
  for (const [why, end] of Object.entries(ends)) {
    peerTest(`is close_notify and FIN when ${why}, never a reset`, [], async (scope) => {
      const stage = await setUp(scope, { isHasty: why === 'the gateway stops' })
      await end(stage)
      await checkOrderly(stage)
    })
  }

  for (const why of ['the service resets the connection', 'the session is revoked'] as const) {
    peerTest(`is the same when ${why} while the client sends`, [], async (scope) => {
      const stage = await setUp(scope, { isReading: false })
      await fill(stage.client)
      await ends[why]?.(stage)
      await checkOrderly(stage)
    })
  }

  peerTest('is the same for a client that was refused', [], async (scope) => {
    const rig = await startStock(scope)
    const wire = await startWire(scope, rig.port)
    for (const authority of [target, 'unknown.example.com:7', 'no target']) {
      const address = { port: wire.port, ca: rig.ca }
      const { socket } = await openTunnel(scope, address, authority, undefined, older)
      await untilEnded(socket)
      socket.end()
      assert.equal(await wire.ended(), 'FIN')
      assert.equal(wire.records().at(-1), alertRecord)
    }
  })

  peerTest('comes after every byte of the service', [], async (scope) => {
    const stage = await setUp(scope)
    stage.service.end(Buffer.alloc(answerBytes, 'x'))
    let received = 0
    for await (const chunk of stage.client as AsyncIterable<Buffer>) received += chunk.length
    assert.equal(received, answerBytes)
    stage.client.end()
    assert.equal(await stage.wire.ended(), 'FIN')
  })
})

describe('G13: time alone', () => {
  peerTest('ends no tunnel, however long nobody says anything', [], async (scope) => {
    const rig = await startStock(scope, { timeout_idle: '1s', timeout_read: '1s' })
    const token = await signIn(scope, rig)
    const { socket } = await openTunnel(scope, rig, target, token)
    // Two connections without a tunnel come and go by these timeouts meanwhile, one after the other.
    for (const _ of [1, 2]) {
      await untilEnded(await idle(scope, rig))
      await untilEnded(await dial(scope, rig))
    }
    assert.equal(await exchange(socket, 'still there'), 'still there')
  })
})

/** Shows the types of records. */
const older = { maxVersion: 'TLSv1.2' } as const

interface Stage {
  readonly rig: GatewayRig
  readonly wire: Wire
  readonly client: TLSSocket
  /** The gateway's connection to the service. */
  readonly service: Socket
}

/** A tunnel that has carried something, over a wire that is watched; a hasty gateway waits for none when it stops. */
async function setUp(scope: Scope, { isReading = true, isHasty = false } = {}): Promise<Stage> {
  const accepted = Promise.withResolvers<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    accepted.resolve(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.defer(() => void server.close())
  const { port } = server.address() as AddressInfo
  const rig = await startStock(scope, {}, [route(handled, port)])
  const token = await signIn(scope, rig)
  if (isHasty) {
    // The session outlives the process.
    await rig.stop()
    await rig.start('--grace-period', '100ms')
  }
  const wire = await startWire(scope, rig.port)
  const address = { port: wire.port, ca: rig.ca }
  const { status, socket: client } = await openTunnel(scope, address, handled, token, older)
  assert.equal(status, 200)
  const service = await accepted.promise
  scope.defer(() => void service.destroy())
  service.write('SSH-2.0-service\r\n')
  assert.equal(String((await once(client, 'data'))[0]), 'SSH-2.0-service\r\n')
  if (isReading) service.resume()
  return { rig, wire, client, service }
}

/** The client behaves as Go's does: at the first end it ends its connection. */
async function checkOrderly({ client, wire, service }: Stage): Promise<void> {
  await untilEnded(client)
  client.end()
  // An 'error' of the client, such as for an alert that is no close_notify, would fail the test.
  assert.equal(await wire.ended(), 'FIN')
  assert.equal(wire.records().at(-1), alertRecord)
  service.destroy()
}

/** Writes until every buffer on the way is full: unsent bytes here, unread ones at the gateway. */
async function fill(socket: TLSSocket): Promise<void> {
  const piece = Buffer.alloc(1024 * 1024)
  for (let writtenMib = 0; writtenMib < maxBufferedMib; writtenMib += 1) {
    if (socket.write(piece)) continue
    const late = AbortSignal.timeout(stuckMs)
    const isStuck = await once(socket, 'drain', { signal: late }).then(
      () => false,
      () => true,
    )
    if (isStuck) return
  }
  assert.fail(`the way to the service holds more than ${maxBufferedMib} MiB`)
}

/** A connection that has had an answer and is kept. */
async function idle(scope: Scope, { port, ca }: GatewayRig): Promise<Socket> {
  const agent = new Agent({ keepAlive: true, ca })
  scope.defer(() => agent.destroy())
  const asking = request({ port, host: '127.0.0.1', servername: 'localhost', path: '/ping', agent })
  asking.end()
  const [response] = await once(asking, 'response')
  response.resume()
  const socket = asking.socket as Socket
  await once(response, 'end')
  return socket
}

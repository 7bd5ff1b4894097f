import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import * as tls from 'node:tls'
import { runsOn } from './beneath.ts'
import { createCertificateAuthority } from './certificate.ts'
import { dial } from './dial.ts'
import { relay, type RelayEnd, type RelayOptions } from './relay.ts'

/** More than the buffers of two loopback connections take. */
const flood = Buffer.alloc(12 * 1024 * 1024)
const lookIntervalMs = 20

const authority = await createCertificateAuthority()
const pair = await authority.issue(['localhost'])

for (const isTls of [false, true]) {
  const name = isTls ? 'TLS' : 'TCP'
  test(`a client that resets while the service does not read is lost, over ${name}`, async (t) => {
    const rig = await openRig(t, isTls)
    await rig.stand()
    rig.connection.resetAndDestroy()
    const { cause } = await rig.end
    assert.equal(cause, 'client-reset')
    assert.equal(rig.upstream.destroyed, true)
  })

  test(`a client killed behind its bytes looks like one that waits, and ends by a limit, over ${name}`, async (t) => {
    let stallTimeoutMs = 0
    const rig = await openRig(t, isTls, { stallTimeoutMs: () => stallTimeoutMs })
    await rig.stand()
    stallTimeoutMs = 100
    // Its FIN stands behind what nobody reads.
    rig.connection.destroy()
    const { cause } = await rig.end
    assert.equal(cause, 'stall-timeout')
    assert.equal(rig.upstream.destroyed, true)
  })
}

test('a service that resets after its own end is noticed while its client says nothing', async (t) => {
  const rig = await openRig(t, false)
  rig.client.resume()
  rig.service.resume().end()
  await once(rig.client, 'end')
  rig.service.resetAndDestroy()
  assert.equal((await rig.end).cause, 'upstream-reset')
})

test('a tunnel that stands still is not cut while bytes come the other way', async (t) => {
  let stallTimeoutMs = 0
  const rig = await openRig(t, false, { stallTimeoutMs: () => stallTimeoutMs })
  await rig.stand()
  for (let beat = 0; beat < 30; beat += 1) {
    rig.service.write('.')
    await once(rig.client, 'data')
    stallTimeoutMs = 200
    // A beat takes at least one look.
    await looks(1)
  }
  assert.equal(rig.upstream.destroyed, false)
  assert.equal((await rig.end).cause, 'stall-timeout')
})

test('bytes that came while the process stood still are heard before a tunnel is cut', async (t) => {
  // Any, until the byte is on its way.
  let stallTimeoutMs = 0
  const rig = await openRig(t, false, { stallTimeoutMs: () => stallTimeoutMs })
  await rig.stand()
  const heard = once(rig.client, 'data')
  // Timers come next, and connections after them.
  await nextTurn()
  stallTimeoutMs = 100
  rig.service.write('.')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  await heard
  assert.equal(rig.upstream.destroyed, false)
  assert.equal((await rig.end).cause, 'stall-timeout')
})

test('a tunnel where nobody waits for the service is not cut, however quiet', async (t) => {
  const { promise: askedOften, resolve } = Promise.withResolvers<void>()
  let asked = 0
  const stallTimeoutMs = (): number => {
    asked += 1
    if (asked === 5) resolve()
    return 1
  }
  const rig = await openRig(t, false, { stallTimeoutMs })
  await askedOften
  assert.equal(rig.upstream.destroyed, false)
})

interface Rig {
  /** The client's end, and the TCP connection that it is or runs on. */
  readonly client: Socket
  readonly connection: Socket
  readonly upstream: Socket
  readonly service: Socket
  readonly end: Promise<RelayEnd>
  /** Resolves when the client has sent so much that the relay has stopped reading it. */
  stand(): Promise<void>
}

async function openRig(
  t: { after(end: () => void): void },
  isTls: boolean,
  options: RelayOptions = {},
): Promise<Rig> {
  const [connection, far, closeFar] = await openPair()
  const [upstream, service, closeService] = await openPair()
  const [client, near] = isTls ? await secure(connection, far) : [connection, far]
  for (const stream of [client, connection, far, service]) stream.on('error', () => undefined)
  const end = relay(near, upstream, { lookIntervalMs, ...options })
  t.after(() => {
    for (const stream of [client, connection, service, near, upstream]) stream.destroy()
    closeFar()
    closeService()
  })
  const stand = async (): Promise<void> => {
    client.write(flood)
    for (let quiet = 0; quiet < 3;) {
      await looks(1)
      quiet = near.isPaused() ? quiet + 1 : 0
    }
  }
  return { client, connection, upstream, service, end, stand }
}

async function secure(connection: Socket, far: Socket): Promise<[tls.TLSSocket, tls.TLSSocket]> {
  const server = tls.createServer(pair)
  const accepted = once(server, 'secureConnection') as Promise<[tls.TLSSocket]>
  server.emit('connection', far)
  const client = tls.connect({ socket: connection, servername: 'localhost', ca: authority.cert })
  const [[near]] = await Promise.all([accepted, once(client, 'secureConnect')])
  runsOn(near, far)
  return [client, near]
}

async function openPair(): Promise<[Socket, Socket, () => void]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const near = await dial({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  const [far] = await accepted
  return [near, far, () => server.close()]
}

/** So many of the relay's looks have been due. */
function looks(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * lookIntervalMs))
}

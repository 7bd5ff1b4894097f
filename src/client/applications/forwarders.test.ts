import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import { createFakeClock } from '../../fake-clock.ts'
import type { RequestFields } from '../../reach/http-answer.ts'
import type { GatewayClient } from '../gateway-client.ts'
import { parseApplication } from './application.ts'
import type { Forwarder } from './forwarder.ts'
import { openForwarders, type Forwarders, type ForwarderEvent } from './forwarders.ts'
import { parseLocalAddress } from './local-address.ts'

interface Rig extends AsyncDisposable {
  readonly forwarders: Forwarders
  readonly clock: ReturnType<typeof createFakeClock>
  readonly events: string[]
  /** Origins of the clients that were made, and how many are ended. */
  readonly made: string[]
  readonly ended: () => number
  /** What each tunnel was asked for with. */
  readonly asked: [authority: string, fields: RequestFields | undefined][]
  /** Resolves when an event of this kind is told. */
  until(kind: ForwarderEvent['kind']): Promise<void>
  /** The port on which the forwarder of a host listens. */
  port(host: string): number
}

/** Forwarders whose tunnels echo. */
function openRig(): Rig {
  const clock = createFakeClock()
  const events: string[] = []
  const ports = new Map<string, number>()
  const made: string[] = []
  const asked: Rig['asked'] = []
  const waiting = new Map<string, () => void>()
  let ended = 0
  const makeClient = ({ destination }: Forwarder): GatewayClient => {
    made.push(destination.gateway.origin)
    const tunnels = new Set<Duplex>()
    return {
      open(authority, _signal, fields) {
        asked.push([authority, fields])
        const tunnel = echoing()
        tunnels.add(tunnel)
        return Promise.resolve(tunnel)
      },
      learnFate: () => Promise.resolve({}),
      renew: () => Promise.reject(new Error('nobody renews here')),
      leaveConnections: () => undefined,
      destroy() {
        ended += 1
        for (const tunnel of tunnels) tunnel.destroy()
        return Promise.resolve()
      },
    }
  }
  const forwarders = openForwarders({
    makeClient,
    clock,
    report({ destination }, event) {
      const [host = ''] = destination.authority.split(':')
      if (event.kind === 'listening') ports.set(host, Number(/\d+$/.exec(event.address)?.[0]))
      if (event.kind !== 'connection') events.push(`${host} ${event.kind}`)
      waiting.get(event.kind)?.()
    },
  })
  return {
    forwarders,
    clock,
    events,
    made,
    ended: () => ended,
    asked,
    until: (kind) => new Promise((resolve) => waiting.set(kind, resolve)),
    port: (host) => ports.get(host) ?? 0,
    [Symbol.asyncDispose]: () => forwarders.close(0),
  }
}

function echoing(): Duplex {
  const stream: Duplex = new Duplex({
    allowHalfOpen: true,
    read: () => undefined,
    write(chunk, _encoding, done) {
      stream.push(chunk)
      done()
    },
    final(done) {
      stream.push(null)
      done()
    },
  })
  return stream
}

function forwarder(host: string, more: Partial<Forwarder> & { readonly port?: number } = {}) {
  const { port = 0, ...rest } = more
  const written = `localhost:${port}`
  const base = { written, listen: parseLocalAddress(written), fields: {}, credential: undefined }
  return { ...base, destination: parseApplication(host, 'https://gw.test'), ...rest }
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

async function roundTrip(socket: Socket): Promise<void> {
  const text = randomBytes(8).toString('hex')
  const answer = once(socket, 'data')
  socket.write(text)
  assert.equal(String((await answer)[0]), text)
}

describe('many forwarders in one process', () => {
  test('share one client for a gateway, and each asks with its own fields', async () => {
    await using rig = openRig()
    const fields = { 'x-team': 'dba' }
    await rig.forwarders.replace([
      forwarder('a.test', { fields }),
      forwarder('b.test'),
      forwarder('c.test', { credential: 'ci:s3cret' }),
    ])
    for (const host of ['a.test', 'b.test', 'c.test']) {
      const socket = await open(rig.port(host))
      await roundTrip(socket)
      socket.destroy()
    }
    assert.equal(rig.made.length, 2)
    assert.deepEqual(rig.asked, [
      ['a.test:443', fields],
      ['b.test:443', {}],
      ['c.test:443', {}],
    ])
  })

  test('one that goes lets its connections end by themselves, and those that stay know nothing of it', async () => {
    await using rig = openRig()
    const staying = forwarder('a.test')
    await rig.forwarders.replace([staying, forwarder('b.test')])
    const [first, second] = [await open(rig.port('a.test')), await open(rig.port('b.test'))]
    await Promise.all([roundTrip(first), roundTrip(second)])
    await rig.forwarders.replace([{ ...staying }])
    assert.deepEqual(rig.events, ['a.test listening', 'b.test listening', 'b.test removed'])
    await Promise.all([roundTrip(first), roundTrip(second)])
    const late = connect({ port: rig.port('b.test'), host: '127.0.0.1' })
    await assert.rejects(once(late, 'connect'), { code: 'ECONNREFUSED' })
    // At the end they are cut: nobody waits for them.
    const gone = once(second, 'close')
    second.resume()
    await rig.forwarders.close(0)
    second.destroy()
    await gone
  })

  test('a client ends with the last that uses it', async () => {
    await using rig = openRig()
    await rig.forwarders.replace([forwarder('a.test'), forwarder('b.test')])
    await rig.forwarders.replace([forwarder('b.test')])
    assert.equal(rig.ended(), 0)
    await rig.forwarders.replace([])
    await new Promise((resolve) => setImmediate(resolve))
    await rig.forwarders.close(0)
    assert.equal(rig.ended(), 1)
  })

  test('one whose port is taken ends nothing else, is told once, and is tried until it is free', async () => {
    await using rig = openRig()
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await rig.forwarders.replace([forwarder('a.test', { port }), forwarder('b.test')])
    assert.deepEqual(rig.events.toSorted(), ['a.test not-listening', 'b.test listening'])
    await once(other.close(), 'close')
    const listening = rig.until('listening')
    rig.clock.advance(5_000)
    await listening
    assert.equal(rig.port('a.test'), port)
    assert.equal(rig.events.filter((text) => text.endsWith('not-listening')).length, 1)
  })

  test('one that takes the port of one that goes gets it', async () => {
    await using rig = openRig()
    await rig.forwarders.replace([forwarder('a.test')])
    const port = rig.port('a.test')
    await rig.forwarders.replace([forwarder('b.test', { port })])
    assert.deepEqual(rig.events, ['a.test listening', 'a.test removed', 'b.test listening'])
    assert.equal(rig.port('b.test'), port)
  })

  test('nothing starts once it has ended, and no timer is left', async () => {
    const rig = openRig()
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await rig.forwarders.replace([forwarder('a.test', { port })])
    await rig.forwarders.close(0)
    await rig.forwarders.replace([forwarder('b.test')])
    assert.deepEqual(rig.events, ['a.test not-listening'])
    assert.equal(rig.clock.pending, 0)
    await once(other.close(), 'close')
  })
})

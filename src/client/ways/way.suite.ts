import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import { abandon } from '../../net/abandon.ts'
import { cutReason, encodeCut, notCutCode } from '../../tunnel/cut.ts'
import { tunnelIdHeader } from '../../tunnel/headers.ts'
import { gatewayPaths } from '../../tunnel/paths.ts'
import { encodeRefusal } from '../../tunnel/refusal.ts'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { createDialer, type Alpn, type GatewayDialer } from '../../reach/dialer.ts'
import {
  echo,
  startFakeGateway,
  type FakeAnswer,
  type FakeGateway,
  type FakeGatewayOptions,
} from '../../reach/fake-gateway.fixture.ts'
import { NoAnswerError } from '../../reach/http-answer.ts'
import type { ConnectAnswer, TunnelRequest, TunnelWay } from './way.ts'

export interface WayUnderTest {
  readonly name: string
  /** What its gateway offers. */
  readonly protocols: readonly Alpn[]
  /** How its requests arrive there. */
  readonly version: '2' | '1.1' | 'websocket'
  create(dialer: GatewayDialer): TunnelWay
}

interface Rig extends AsyncDisposable {
  readonly gateway: FakeGateway
  readonly dialer: GatewayDialer
  readonly way: TunnelWay
}

const never = new AbortController().signal
const authority = 'db.example.com:5432'
const id = '4bf92f3577b34da6'

/** What every way of opening tunnels must do; the test of each calls this once. */
export function waySuite(underTest: WayUnderTest): void {
  const { name, protocols, version } = underTest
  const isShared = version === '2'
  const openRig = async (options: FakeGatewayOptions = {}): Promise<Rig> => {
    const gateway = await startFakeGateway({ isPublic: true, protocols, ...options })
    const dialer = dialerOf(gateway)
    const way = underTest.create(dialer)
    return {
      gateway,
      dialer,
      way,
      async [Symbol.asyncDispose]() {
        way.destroy()
        await gateway[Symbol.asyncDispose]()
      },
    }
  }

  describe(`a tunnel over ${name}`, () => {
    test('carries every byte both ways, and says whom it asks for', async () => {
      await using rig = await openRig()
      await roundTrip(await open(rig.way, { 'x-test': 'yes' }), 3_000_017)
      const [connect] = rig.gateway.connects
      assert.deepEqual(
        [connect?.authority, connect?.version, connect?.headers['x-test']],
        [authority, version, 'yes'],
      )
    })

    test('has what the service says with the first answer', async () => {
      const serve = (tunnel: Duplex): void => void tunnel.on('error', ignore).end('SSH-2.0-x')
      await using rig = await openRig({ connect: () => ({ serve }) })
      assert.equal((await collect(await open(rig.way))).toString(), 'SSH-2.0-x')
    })

    test('passes the end of the service on while the program keeps sending', async () => {
      const served = Promise.withResolvers<Duplex>()
      await using rig = await openRig({ connect: () => ({ serve: served.resolve }) })
      const tunnel = await open(rig.way)
      const service = (await served.promise).on('error', ignore)
      const [atProgram, atService] = [collect(tunnel), collect(service)]
      service.end('greeting')
      assert.equal((await atProgram).toString(), 'greeting')
      const upload = randomBytes(2_000_003)
      tunnel.end(upload)
      assert.ok((await atService).equals(upload))
    })

    test('loses no byte of the answer when the program ends first', async () => {
      const answer = randomBytes(2_000_003)
      const serve = (tunnel: Duplex): void => void collect(tunnel).then(() => tunnel.end(answer))
      await using rig = await openRig({ connect: () => ({ serve }) })
      const tunnel = await open(rig.way)
      tunnel.end('question')
      assert.ok((await collect(tunnel)).equals(answer))
    })

    test('tells a reset on the way from an end', async () => {
      await using rig = await openRig()
      const tunnel = await open(rig.way)
      tunnel.write('x')
      await once(tunnel, 'data')
      const ending = howItEnds(tunnel)
      rig.gateway.resetConnections()
      assert.equal(await ending, 'reset')
    })

    test('lets the service know that the program has aborted', async () => {
      const served = Promise.withResolvers<Duplex>()
      await using rig = await openRig({ connect: () => ({ serve: served.resolve }) })
      const tunnel = await open(rig.way)
      const service = await served.promise
      tunnel.write('x')
      await once(service, 'data')
      const ending = howItEnds(service)
      abandon(tunnel, new Error('the program is gone'))
      assert.equal(await ending, 'reset')
    })

    test('holds back a service whose program does not read, and loses nothing', async () => {
      const pumped = Promise.withResolvers<Pump>()
      const serve = (tunnel: Duplex): void => pumped.resolve(pump(tunnel))
      await using rig = await openRig({ connect: () => ({ serve }) })
      const tunnel = await open(rig.way)
      const { stalled, sent } = await pumped.promise
      await stalled
      assert.ok(sent() < maxUnreadBytes, `${sent()} bytes were taken from the service`)
      assert.equal(await countBytes(tunnel), pumpBytes)
    })

    test('holds back a program whose service does not read, and loses nothing', async () => {
      const served = Promise.withResolvers<Duplex>()
      await using rig = await openRig({ connect: () => ({ serve: served.resolve }) })
      const { stalled, sent } = pump(await open(rig.way))
      const service = await served.promise
      await stalled
      assert.ok(sent() < maxUnreadBytes, `${sent()} bytes were taken from the program`)
      assert.equal(await countBytes(service), pumpBytes)
    })

    test('is one of many at once', async () => {
      await using rig = await openRig()
      const tunnels = await Promise.all(Array.from({ length: 10 }, () => open(rig.way)))
      await Promise.all(tunnels.map((tunnel) => roundTrip(tunnel, 10_007)))
      assert.equal(rig.gateway.connections, isShared ? 1 : 10)
    })
  })

  describe(`leaving the connections of ${name}`, () => {
    test('has the next tunnels on a new one, and lets those that are open go on', async () => {
      await using rig = await openRig()
      const kept = await open(rig.way)
      const before = rig.gateway.connections
      rig.way.leaveConnections()
      const next = await Promise.all([open(rig.way), open(rig.way)])
      assert.equal(rig.gateway.connections - before, isShared ? 1 : 2)
      await Promise.all(next.map((tunnel) => roundTrip(tunnel)))
      await roundTrip(kept, 1_000_003)
      rig.way.leaveConnections()
      while (rig.gateway.standing() > 0) await nextTurn()
    })
  })

  describe(`an answer over ${name}`, () => {
    test('that refuses has its status, its fields and its words, and is no end of the way', async () => {
      const said = { code: 'policy_denied', message: 'no', next: 'ask', requestId: 'r1' }
      const refusal = { status: 403, body: encodeRefusal(said), headers: { 'x-request-id': 'r1' } }
      const answers: FakeAnswer[] = [refusal]
      await using rig = await openRig({ connect: () => answers.shift() ?? { serve: echo } })
      const answer = await ask(rig.way)
      assert.deepEqual(
        [answer.refusal?.status, answer.refusal?.headers['x-request-id'], answer.refusal?.body],
        [403, 'r1', refusal.body],
      )
      await roundTrip(await open(rig.way))
    })

    test('that refuses at length is read as far as a refusal goes', async () => {
      await using rig = await openRig({
        connect: () => ({ status: 503, body: 'x'.repeat(200_000) }),
      })
      assert.equal((await ask(rig.way)).refusal?.body.length, 64 * 1024)
    })

    test('of somebody on the way who gives no tunnel is a refusal', async () => {
      await using rig = await openRig({ edgeOnConnect: 'serve', edgeOnWebSocket: 'page' })
      const { refusal } = await ask(rig.way)
      assert.match(refusal?.body ?? '', /^<html>/)
    })

    test('comes after any number of others that only inform', async () => {
      await using rig = await openRig({ connect: () => ({ serve: echo, hintsFirst: true }) })
      await roundTrip(await open(rig.way))
    })

    test('that gives no id, as that of a stock Pomerium, cannot be asked for ends', async () => {
      await using rig = await openRig()
      assert.equal((await askForTunnel(rig.way)).aftermath, undefined)
    })

    test('that gives an id names whom to ask why the tunnel was cut', async () => {
      const reason = { ...cutReason('policy-changed', id), reasons: ['groups-unauthorized'] }
      const said = {
        [gatewayPaths.cut + id]: { status: 200, body: encodeCut(reason) },
        [`${gatewayPaths.cut}a1`]: {
          status: 404,
          body: encodeRefusal({ code: notCutCode, message: 'no', next: '', requestId: 'r2' }),
        },
      }
      const ids = [id, 'a1']
      await using rig = await openRig({
        // Its own paths are asked for over the tunnel's connection, or one of HTTP/1.1.
        protocols: ['h2', 'http/1.1'].filter((protocol) =>
          isShared ? true : protocol === 'http/1.1',
        ) as Alpn[],
        answers: said,
        connect: () => ({ serve: echo, headers: { [tunnelIdHeader]: ids.shift() ?? '' } }),
      })
      for (const expected of [reason, 'not-cut'] as const) {
        const { aftermath } = await askForTunnel(rig.way)
        assert.deepEqual(await aftermath?.whyCut(never), expected)
      }
    })
  })

  describe(`no answer over ${name}`, () => {
    test('of a gateway that dies in the handshake says that something cut it', async () => {
      await using rig = await openRig({ edgeOnConnect: 'cut', edgeOnWebSocket: 'cut' })
      await assert.rejects(ask(rig.way), (error) => {
        assert.ok(error instanceof NoAnswerError)
        return error.wasCut && error.code === 'gateway-unreachable'
      })
    })

    test('of a connection that was lost before it was used is told at once', async (t) => {
      await using rig = await openRig()
      const open: GatewayDialer['open'] = async (wanted, signal) => {
        const connection = await rig.dialer.open(wanted, signal)
        await once(connection.socket.destroy(), 'close')
        return connection
      }
      const way = underTest.create({ ...rig.dialer, open })
      t.after(() => way.destroy())
      // None of the waits for an answer is what ends it.
      t.mock.timers.enable({ apis: ['setTimeout'] })
      await assert.rejects(ask(way), { code: 'gateway-unreachable', wasCut: true })
    })

    test('is waited for so long, and no longer', async (t) => {
      await using rig = await openRig({ connect: () => 'silence' })
      t.mock.timers.enable({ apis: ['setTimeout'] })
      const asking = assert.rejects(ask(rig.way), { code: 'gateway-unreachable' })
      while (rig.gateway.connects.length === 0) await nextTurn()
      // The gateway's connection is well: what it answers to a PING has come.
      for (let turn = 0; turn < 50; turn += 1) await nextTurn()
      t.mock.timers.tick(60_000)
      await asking
    })

    test('is waited for no longer by whoever leaves', async () => {
      await using rig = await openRig({ connect: () => 'silence' })
      const leaving = new AbortController()
      const asking = assert.rejects(ask(rig.way, {}, leaving.signal))
      while (rig.gateway.connects.length === 0) await nextTurn()
      leaving.abort(new Error('the program has left'))
      await asking
      if (!isShared) while (rig.gateway.standing() > 0) await nextTurn()
      assert.equal(rig.gateway.connects.length, 1)
    })
  })

  describe(`a client over ${name} that ends`, () => {
    test('aborts its tunnels, half-closed ones too', async () => {
      const served: Duplex[] = []
      await using rig = await openRig({
        connect: () => ({ serve: (tunnel) => void served.push(tunnel.on('error', ignore)) }),
      })
      const tunnels = [await open(rig.way), await open(rig.way)]
      tunnels[0]?.end('half-closed')
      tunnels[1]?.write('x')
      await Promise.all(served.map((service) => once(service, 'data')))
      const closed = tunnels.map((tunnel) => once(tunnel, 'close'))
      const atService = howItEnds(served[1] as Duplex)
      rig.way.destroy()
      await Promise.all(closed)
      assert.equal(await atService, 'reset')
      await assert.rejects(ask(rig.way))
    })

    test('gives up what is being asked for', async () => {
      await using rig = await openRig({ connect: () => 'silence' })
      const asking = assert.rejects(ask(rig.way))
      while (rig.gateway.connects.length === 0) await nextTurn()
      rig.way.destroy()
      await asking
      while (rig.gateway.standing() > 0) await nextTurn()
    })

    test('gives up a connection that is still being made', async (t) => {
      const accepted: Socket[] = []
      const mute = createServer((socket) => void accepted.push(socket.on('error', ignore)))
      mute.listen(0, '127.0.0.1')
      await once(mute, 'listening')
      t.after(() => mute.close())
      await using rig = await openRig()
      const { port } = mute.address() as AddressInfo
      const way = underTest.create(dialerOf(rig.gateway, port))
      const asking = assert.rejects(ask(way))
      await once(mute, 'connection')
      const closed = once(accepted[0]?.resume() as Socket, 'close')
      way.destroy()
      await asking
      await closed
    })
  })
}

function dialerOf(gateway: FakeGateway, port = gateway.port): GatewayDialer {
  return createDialer({
    gateway: parseGatewayUrl(`https://localhost:${port}`),
    trust: { isVerified: true, extraCa: [gateway.ca], clientCertificate: undefined },
  })
}

function ask(
  way: TunnelWay,
  fields: TunnelRequest['fields'] = {},
  signal = never,
): Promise<ConnectAnswer> {
  return way.connect({ authority, fields, signal })
}

async function askForTunnel(
  way: TunnelWay,
  fields?: TunnelRequest['fields'],
): Promise<ConnectAnswer & { readonly tunnel: Duplex }> {
  const answer = await ask(way, fields)
  assert.ok(answer.tunnel, answer.refusal?.body ?? '')
  answer.tunnel.on('error', ignore)
  return answer
}

async function open(way: TunnelWay, fields?: TunnelRequest['fields']): Promise<Duplex> {
  return (await askForTunnel(way, fields)).tunnel
}

async function roundTrip(tunnel: Duplex, size = 1_000): Promise<void> {
  const bytes = randomBytes(size)
  const received = collect(tunnel)
  tunnel.end(bytes)
  assert.ok((await received).equals(bytes))
}

/** Everything until the end; unlike `stream/consumers` it leaves the writable side open. */
function collect(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve, reject) => {
    stream.once('end', () => resolve(Buffer.concat(chunks)))
    stream.once('error', reject)
    stream.once('close', () => reject(new Error('closed before its end')))
  })
}

async function countBytes(stream: Duplex): Promise<number> {
  let count = 0
  stream.on('data', (chunk: Buffer) => void (count += chunk.length))
  await once(stream, 'end')
  return count
}

function howItEnds(stream: Duplex): Promise<'end' | 'reset'> {
  return new Promise((resolve) => {
    stream.once('end', () => resolve('end')).resume()
    stream.on('error', ignore).once('close', () => resolve('reset'))
  })
}

/** More than any window and any buffer of the system. */
const pumpBytes = 64 * 1024 * 1024
/** Windows of 4 MiB, and what the system keeps for both ends of a connection. */
const maxUnreadBytes = 32 * 1024 * 1024

interface Pump {
  /** Resolves when nothing has been taken for a while. */
  readonly stalled: Promise<void>
  readonly sent: () => number
}

/** Writes as much as is taken, and then ends. */
function pump(stream: Duplex): Pump {
  const chunk = Buffer.alloc(64 * 1024)
  let sent = 0
  const write = (): void => {
    while (sent < pumpBytes) {
      sent += chunk.length
      if (!stream.write(chunk)) return
    }
    stream.end()
  }
  stream.on('error', ignore).on('drain', write)
  write()
  return { sent: () => sent, stalled: untilStill(() => sent) }
}

async function untilStill(count: () => number): Promise<void> {
  for (let still = 0, before = count(); still < 200; still += 1) {
    await nextTurn()
    if (count() !== before) still = 0
    before = count()
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function ignore(): void {
  // Whoever looks at the stream's end learns of it.
}

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { connect } from 'node:tls'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { decodeJwt } from 'jose'
import { createFakeClock } from '../../fake-clock.ts'
import type { StreamOffer } from '../../tunnel/connector/session.ts'
import { endWithPeer } from '../../net/http2-peer-end.ts'
import { connectorProtocol } from '../../tunnel/connector/protocol.ts'
import { heard, join, openHarbour, openStream, provingOn } from './postern.fixture.ts'

describe('a connection that does not register', () => {
  test('is closed after its time, however lively it is', async () => {
    const clock = createFakeClock()
    await using harbour = await openHarbour({ clock })
    const session = await connectUnregistered(harbour.port)
    const closed = once(session, 'close')
    // The gateway has begun, too.
    await roundTrip(session)
    for (let step = 0; step < 4; step += 1) {
      clock.advance(2_000)
      await roundTrip(session)
    }
    clock.advance(1_999)
    await roundTrip(session)
    clock.advance(1)
    await closed
  })

  test('is the first to go where there are too many of them', async () => {
    // Its time is never over.
    await using harbour = await openHarbour({ clock: createFakeClock() })
    const first = await connectUnregistered(harbour.port)
    const closed = once(first, 'close')
    for (let more = 0; more < 511; more += 1) await connectUnregistered(harbour.port)
    await roundTrip(first)
    const last = await connectUnregistered(harbour.port)
    await closed
    await roundTrip(last)
  })

  test('is closed when it says something else first', async () => {
    await using harbour = await openHarbour()
    const end = await harbour.connect()
    end.control.send({ type: 'draining' })
    assert.ok((await end.ended) instanceof Error)
  })

  test('is closed when it proves its secret twice, or once and says nothing more', async () => {
    const clock = createFakeClock()
    await using harbour = await openHarbour({ clock })
    const twice = await harbour.connect()
    twice.control.send(provingOn(twice))
    await heard(twice)
    twice.control.send(provingOn(twice))
    assert.ok((await twice.ended) instanceof Error)
    const once = await harbour.connect()
    once.control.send(provingOn(once))
    await heard(once)
    for (let step = 0; step < 5; step += 1) clock.advance(2_000)
    assert.ok((await once.ended) instanceof Error)
    assert.deepEqual(harbour.links.list(), [])
  })

  test('counts for its address, and goes before those that are registered', async () => {
    const limits = { maxConnectionsPerAddress: 2, maxConnections: 0 }
    await using harbour = await openHarbour({ peers: { limits } })
    const registered = await join(harbour)
    const [one, two, three] = [
      await harbour.connect(),
      await harbour.connect(),
      await harbour.connect(),
    ]
    assert.ok((await one.ended) instanceof Error)
    assert.equal(harbour.links.list().length, 1)
    for (const end of [two, three, registered.end]) end.destroy()
  })
})

describe('a link', () => {
  test('ends with its tunnel, within the same turn', async () => {
    for (const why of ['tunnel-deleted', 'tunnel-revoked'] as const) {
      await using harbour = await openHarbour()
      const { end } = await join(harbour, {}, (offer) => void offer.accept())
      const stream = await openStream(harbour)
      const [link] = harbour.links.list()
      harbour.endTunnel(why)
      assert.equal(link?.endedBy, why)
      assert.equal(link.isReady, false)
      await Promise.all([end.ended, once(stream, 'close')])
      await harbour.linked(0)
      assert.ok(harbour.lines.some((line) => line['why'] === why))
    }
  })

  test('that its connector drains takes no new streams, and ends after the open ones', async () => {
    await using harbour = await openHarbour()
    const { end } = await join(harbour, {}, (offer) => void offer.accept().resume())
    const stream = await openStream(harbour)
    end.control.send({ type: 'draining' })
    end.drain()
    while (harbour.links.list()[0]?.isReady === true) await nextTurn()
    assert.throws(
      () => harbour.links.toward({ kind: 'connector', tunnel: 'site', service: undefined }, 'x'),
      {
        code: 'connector-not-ready',
      },
    )
    assert.equal(stream.destroyed, false)
    stream.destroy()
    await harbour.linked(0)
    assert.equal(harbour.lines.at(-1)?.['why'], 'closed')
  })

  test('tells its connector who has named the service', async () => {
    await using harbour = await openHarbour()
    const offers: StreamOffer[] = []
    await join(harbour, {}, (offer) => {
      offers.push(offer)
      offer.accept().resume()
    })
    const service = { host: '10.0.0.5', port: 22 }
    for (const isByClient of [false, true]) await openStream(harbour, { service, isByClient })
    const named = offers
      .map(({ grant }) => decodeJwt(grant))
      .map((it) => [it['service'], it['bastion']])
    assert.deepEqual(named, [
      ['10.0.0.5:22', undefined],
      ['10.0.0.5:22', true],
    ])
  })

  test('is heard while its names wait for a DNS server, and of the names that come meanwhile the last ones count', async () => {
    const claimed: (readonly string[])[] = []
    const answered = Promise.withResolvers<readonly string[]>()
    const claim = (_tunnel: unknown, names: readonly string[]) => {
      if (names.length === 0) return Promise.resolve([])
      claimed.push(names)
      return claimed.length === 1 ? answered.promise : Promise.resolve([])
    }
    await using harbour = await openHarbour({ claim })
    const { end } = await join(harbour)
    const say = (name: string): void =>
      end.control.send({ type: 'services', services: [], hostnames: [name] })
    for (const name of ['a', 'b', 'c']) say(name)
    end.control.send({ type: 'grant-keys', grantKeys: ['other'] })
    while (harbour.links.list()[0]?.grantKeys?.[0] !== 'other') await nextTurn()
    assert.deepEqual(claimed, [['a']])
    answered.resolve([])
    while (claimed.length < 2) await nextTurn()
    assert.deepEqual(claimed, [['a'], ['c']])
  })

  test('takes over new services, and refuses a second registration', async () => {
    await using harbour = await openHarbour()
    const { end } = await join(harbour)
    const services = [{ hostname: undefined, service: 'bastion' }]
    end.control.send({ type: 'services', services, hostnames: [] })
    while (harbour.links.list()[0]?.services?.[0]?.service !== 'bastion') await nextTurn()
    end.control.send(harbour.registration())
    assert.ok((await end.ended) instanceof Error)
  })

  test('stays while the gateway stops, without new streams, and is drained when it is about to end', async () => {
    await using harbour = await openHarbour()
    const { end } = await join(harbour, {}, (offer) => void offer.accept())
    const stream = await openStream(harbour)
    const waiting = await harbour.connect()
    let isTold = false
    const told = heard(end).finally(() => (isTold = true))
    harbour.stopAccepting()
    assert.ok((await waiting.ended) instanceof Error, 'nobody registers any more')
    await assert.rejects(openStream(harbour), { code: 'connector-not-ready' })
    stream.destroy()
    while (end.streams > 0) await nextTurn()
    assert.deepEqual([isTold, harbour.links.list().length], [false, 1])
    harbour.letGo()
    assert.deepEqual(await told, { type: 'draining' })
    assert.equal(await end.ended, undefined)
  })

  test('is drained before the next of its connector, which takes streams until the first is back', async () => {
    const clock = createFakeClock()
    await using harbour = await openHarbour({ clock })
    const connectorId = randomUUID()
    const begin = (connIndex: number): ReturnType<typeof join> =>
      join(harbour, { connectorId, connIndex }, (offer) => void offer.accept())
    const [first, second] = [await begin(0), await begin(1)]
    const stream = await openStream(harbour)
    harbour.links.drain(() => true)
    assert.deepEqual(await heard(first.end), { type: 'draining' })
    clock.advance(5_000)
    await openStream(harbour)
    assert.equal(second.end.streams, 1)
    await begin(0)
    clock.advance(1_000)
    assert.deepEqual(await heard(second.end), { type: 'draining' })
    assert.equal(stream.destroyed, false)
  })
})

/** A connector that answers whatever HTTP/2 asks of it, and says nothing of its own. */
async function connectUnregistered(port: number): Promise<ServerHttp2Session> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ALPNProtocols: [connectorProtocol],
  })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  const server = createServer()
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => undefined)
    stream.respond({ ':status': 200 })
  })
  const begun = once(server, 'session') as Promise<[ServerHttp2Session]>
  server.emit('connection', socket)
  const [session] = await begun
  session.on('error', () => undefined)
  endWithPeer(session, socket)
  return session
}

/** Rejects where the connection is over. */
function roundTrip(session: ServerHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    session.ping((error) => (error === null ? resolve() : reject(error)))
  })
}

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { connect } from 'node:tls'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { decodeJwt } from 'jose'
import { createFakeClock } from '../../fake-clock.ts'
import { PeerError } from '../../errors.ts'
import type { StreamOffer } from '../../tunnel/connector/session.ts'
import type { StreamRequest } from '../link.ts'
import { endWithPeer } from '../../net/http2-peer-end.ts'
import { connectorProtocol } from '../../tunnel/connector/protocol.ts'
import { isProof, proofOf } from '../../tunnel/connector/proof.ts'
import { heard, join, openHarbour, provingOn, secret, tunnel } from './postern.fixture.ts'

describe('a registration', () => {
  test('is answered with the id of its connection, and lists it', async () => {
    await using harbour = await openHarbour()
    const { answer } = await join(harbour, { connIndex: 2, version: '1.2\u001b[2J' })
    const [link] = harbour.links.list()
    assert.deepEqual(answer, {
      type: 'registered',
      connectionId: link?.id,
      location: 'gateway.test',
      notices: [],
    })
    assert.equal(link?.connIndex, 2)
    assert.equal(link.version, '1.2 [2J')
    assert.equal(link.isReady, true)
  })

  const refusals = [
    ['another tunnel', { tunnelId: 'no-such' }, 'unknown-tunnel', false],
    ['another secret', { secret: Buffer.alloc(32, 8) }, 'wrong-secret', false],
    ['a part of the secret', { secret: secret.subarray(1) }, 'wrong-secret', false],
    ['keys of another gateway', { grantKeys: ['other'] }, 'grant-keys-unknown', false],
    ['no id', { connectorId: 'a\nb' }, 'malformed-registration', false],
  ] as const
  for (const [what, more, code, retry] of refusals) {
    test(`with ${what} is refused with its code and a next step`, async () => {
      await using harbour = await openHarbour()
      const { end, answer } = await join(harbour, more)
      assert.ok(answer?.type === 'refused')
      assert.deepEqual([answer.code, answer.retry], [code, retry])
      assert.ok(answer.next.length > 0)
      await end.ended
      assert.deepEqual(harbour.links.list(), [])
      const text = JSON.stringify(harbour.lines)
      const line = harbour.lines.find(({ message }) => message === 'connector refused')
      assert.equal(line?.['why'], code)
      assert.ok(!text.includes(secret.toString('base64url').slice(0, 20)))
    })
  }

  test('is of the same tunnel however its id is written', async () => {
    await using harbour = await openHarbour()
    const { answer } = await join(harbour, { tunnelId: tunnel.id.toUpperCase() })
    assert.equal(answer?.type, 'registered')
    assert.equal(harbour.links.list()[0]?.tunnelId, tunnel.id)
    harbour.endTunnel('tunnel-revoked')
    await harbour.linked(0)
  })

  test('is answered with a proof of the gateway, for this connection', async () => {
    await using harbour = await openHarbour()
    const end = await harbour.connect()
    const proving = provingOn(end)
    end.control.send(proving)
    const answer = await heard(end)
    assert.ok(answer?.type === 'proved' && end.channel !== undefined)
    const parts = { secret, channel: end.channel, applicant: proving }
    assert.equal(isProof(answer.proof, 'gateway', parts), true)
  })

  test('with what another connection was proved with is refused, and so is what the gateway has said', async () => {
    await using harbour = await openHarbour()
    const first = await harbour.connect()
    const proving = provingOn(first)
    first.control.send(proving)
    const answer = await heard(first)
    assert.ok(answer?.type === 'proved')
    const { proof } = answer
    for (const again of [proving, { ...proving, proof }, { ...proving, connIndex: 1 }]) {
      const end = await harbour.connect()
      end.control.send(again)
      const refused = await heard(end)
      assert.equal(refused?.type === 'refused' && refused.code, 'wrong-secret')
    }
    // What it said itself is refused on its own connection, too.
    const end = await harbour.connect()
    const mine = provingOn(end)
    const parts = { secret, channel: end.channel ?? Buffer.alloc(0), applicant: mine }
    end.control.send({ ...mine, proof: proofOf('gateway', parts) })
    assert.equal((await heard(end))?.type, 'refused')
    assert.deepEqual(harbour.links.list(), [])
  })

  test('over TLS 1.2 is refused, whatever it is proved with', async () => {
    await using harbour = await openHarbour()
    const end = await harbour.connect(undefined, { maxVersion: 'TLSv1.2' })
    end.control.send(provingOn(end))
    const answer = await heard(end)
    assert.equal(answer?.type === 'refused' && answer.code, 'tls-too-old')
    await end.ended
  })

  test('of a connector that sends its secret is refused in words that it understands', async () => {
    await using harbour = await openHarbour()
    const end = await harbour.connect()
    const sent = { tunnelId: tunnel.id, secret: secret.toString('base64url'), connectorId: 'c' }
    end.control.send({ ...harbour.registration({ version: '0.1.0' }), ...sent })
    const answer = await heard(end)
    assert.ok(answer?.type === 'refused')
    assert.deepEqual([answer.code, answer.retry], ['unproved-registration', false])
    assert.match(answer.next, /same release/)
    await end.ended
    const line = harbour.lines.find(({ message }) => message === 'connector refused')
    assert.deepEqual([line?.['version'], line?.['why']], ['0.1.0', 'unproved-registration'])
  })

  test('is refused where the secret was replaced since it was proved', async () => {
    await using harbour = await openHarbour({ claim: () => assert.fail('names are claimed') })
    const end = await harbour.connect()
    end.control.send(provingOn(end))
    assert.equal((await heard(end))?.type, 'proved')
    harbour.endTunnel('tunnel-revoked')
    end.control.send(harbour.registration())
    const answer = await heard(end)
    assert.equal(answer?.type === 'refused' && answer.code, 'wrong-secret')
    assert.deepEqual(harbour.links.list(), [])
  })

  test('is refused in the words of a host name that it may not have', async () => {
    const claim = () =>
      Promise.reject(new PeerError('hostname-taken', '"a" is taken', { hint: 'b' }))
    await using harbour = await openHarbour({ claim })
    const { answer } = await join(harbour, { hostnames: ['a'] })
    assert.deepEqual(answer, {
      type: 'refused',
      code: 'hostname-taken',
      message: '"a" is taken',
      next: 'b',
      retry: false,
    })
  })

  test('may be tried again where a failure of the gateway refuses it, which is not told', async () => {
    const claim = () => Promise.reject(new Error('SQLITE_CORRUPT at /var/lib'))
    await using harbour = await openHarbour({ claim })
    const { answer } = await join(harbour, { hostnames: ['a'] })
    assert.ok(answer?.type === 'refused' && answer.retry)
    assert.ok(!JSON.stringify(answer).includes('SQLITE'))
  })

  test('of a tunnel that is deleted while its names are registered is refused', async () => {
    const claimed = Promise.withResolvers<readonly string[]>()
    const asked = Promise.withResolvers<void>()
    const claim = () => {
      asked.resolve()
      return claimed.promise
    }
    await using harbour = await openHarbour({ claim })
    const joined = join(harbour, { hostnames: ['a'] })
    await asked.promise
    harbour.endTunnel('tunnel-deleted')
    claimed.resolve([])
    const { answer } = await joined
    assert.equal(answer?.type === 'refused' && answer.code, 'tunnel-deleted')
    assert.deepEqual(harbour.links.list(), [])
  })

  test('names the lines that let somebody use its names, where none do', async () => {
    await using harbour = await openHarbour({ isReached: () => false })
    const { answer } = await join(harbour)
    assert.ok(answer?.type === 'registered')
    assert.match(
      answer.notices.join(),
      /"tcp\.site\.com" .*access: \[\{hostname: tcp\.site\.com, policies:/,
    )
    const line = harbour.lines.find(({ message }) => message === 'published names reach nobody')
    assert.match(
      String(line?.['hint']),
      /access: \[\{hostname: tcp\.site\.com, policies: \[\{action/,
    )
  })

  test('of a connection that is there already takes its place at once', async () => {
    await using harbour = await openHarbour()
    const connectorId = 'c1'
    const first = await join(harbour, { connectorId, connIndex: 1 })
    const second = await join(harbour, { connectorId, connIndex: 1 })
    assert.equal(second.answer?.type, 'registered')
    await first.end.ended
    await harbour.linked(1)
    const [link] = harbour.links.list()
    assert.equal(second.answer.connectionId, link?.id)
  })

  test('beside one that drains leaves that its streams', async () => {
    await using harbour = await openHarbour()
    const first = await join(harbour, { connectorId: 'c1' }, (offer) => void offer.accept())
    const stream = await open(harbour)
    harbour.links.list()[0]?.drain()
    assert.deepEqual(await heard(first.end), { type: 'draining' })
    await join(harbour, { connectorId: 'c1' })
    assert.equal(stream.destroyed, false)
    assert.equal(harbour.links.list().length, 2)
    assert.equal(harbour.links.list().filter(({ isReady }) => isReady).length, 1)
  })

  test('beyond the most of a tunnel may be tried again', async () => {
    await using harbour = await openHarbour()
    for (let connIndex = 0; connIndex < 100; connIndex += 1)
      await join(harbour, { connectorId: 'c', connIndex })
    const { answer } = await join(harbour, { connectorId: 'd' })
    assert.deepEqual(answer?.type === 'refused' && [answer.code, answer.retry], [
      'too-many-connections',
      true,
    ])
    // In the place of one there is always room.
    const again = await join(harbour, { connectorId: 'c', connIndex: 5 })
    assert.equal(again.answer?.type, 'registered')
  })
})

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
    for (let more = 0; more < 127; more += 1) await connectUnregistered(harbour.port)
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
      const stream = await open(harbour)
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
    const stream = await open(harbour)
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
    for (const isByClient of [false, true]) await open(harbour, { service, isByClient })
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
    const stream = await open(harbour)
    const waiting = await harbour.connect()
    let isTold = false
    const told = heard(end).finally(() => (isTold = true))
    harbour.stopAccepting()
    assert.ok((await waiting.ended) instanceof Error, 'nobody registers any more')
    await assert.rejects(open(harbour), { code: 'connector-not-ready' })
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
    const stream = await open(harbour)
    harbour.links.drain(() => true)
    assert.deepEqual(await heard(first.end), { type: 'draining' })
    clock.advance(5_000)
    await open(harbour)
    assert.equal(second.end.streams, 1)
    await begin(0)
    clock.advance(1_000)
    assert.deepEqual(await heard(second.end), { type: 'draining' })
    assert.equal(stream.destroyed, false)
  })
})

async function open(
  harbour: Awaited<ReturnType<typeof openHarbour>>,
  more: Partial<StreamRequest> = {},
) {
  const [link] = harbour.links.toward(
    { kind: 'connector', tunnel: 'site', service: undefined },
    'x',
  )
  assert.ok(link)
  const stream = await link.openStream({ ...testRequest, ...more }, new AbortController().signal)
  stream.on('error', () => undefined)
  return stream
}

const testRequest: StreamRequest = {
  hostname: 'tcp.site.com',
  service: undefined,
  grant: {
    route: { id: 'r', name: 'r' },
    request: { requestId: 'req', target: { protocol: 'tcp', host: 'tcp.site.com', port: 443 } },
    caller: { session: undefined },
  } as never,
}

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

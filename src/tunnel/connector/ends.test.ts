import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, constants } from 'node:http2'
import { test } from 'node:test'
import { finished } from 'node:stream/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { UpstreamError } from '../../errors.ts'
import { isBun } from '../../is-bun.ts'
import { createFakeClock } from '../../fake-clock.ts'
import { carryingHttp2 } from '../../net/runtime-http2.ts'
import { openConnectorEnd } from './connector-end.ts'
import { always, openConnection, openEnds, type Connection } from './ends.fixture.ts'
import { openGatewayEnd } from './gateway-end.ts'
import { controlPath, type FromConnector, type FromGateway, type StreamFault } from './protocol.ts'
import type { StreamOffer } from './session.ts'

const request = { authority: 'db.example.com:5432', grant: 'a.b.c' }
const services = [{ hostname: undefined, service: 'tcp://localhost:7870' }]
const ofServices: FromConnector = { type: 'services', services, hostnames: ['tcp.example.com'] }
const notice: FromGateway = { type: 'notice', message: 'nobody may use "tcp.example.com" yet' }

test('both ends say things on the control stream, in their order', async () => {
  using ends = await openEnds({ onStream: () => assert.fail('no stream was opened') })
  const { gateway, connector } = ends
  connector.control.send(ofServices)
  connector.control.send({ type: 'draining' })
  gateway.control.send(notice)
  assert.deepEqual(await take(gateway.control.messages, 2), [ofServices, { type: 'draining' }])
  assert.deepEqual(await take(connector.control.messages, 1), [notice])
  assert.deepEqual([gateway.streams, connector.streams], [0, 0])
})

test('a stream brings what it was asked for with, and counts until it is closed', async () => {
  const { promise, resolve } = Promise.withResolvers<StreamOffer>()
  using ends = await openEnds({ onStream: resolve })
  const opening = ends.gateway.openStream(request, always)
  const offer = await promise
  assert.deepEqual([offer.authority, offer.grant], [request.authority, request.grant])
  assert.deepEqual([ends.gateway.streams, ends.connector.streams], [1, 1])
  const atConnector = offer.accept()
  const stream = await opening
  atConnector.end('greeting')
  assert.equal(String((await once(stream, 'data'))[0]), 'greeting')
  stream.end()
  await Promise.all([once(stream, 'close'), once(atConnector.resume(), 'close')])
  assert.deepEqual([ends.gateway.streams, ends.connector.streams], [0, 0])
})

for (const fault of ['no-rule', 'origin-unreachable', 'bad-grant', 'busy'] as StreamFault[]) {
  test(`a stream that is refused as ${fault} says so in the connector's words`, async () => {
    using ends = await openEnds({
      onStream: (offer) => offer.refuse(fault, 'no “röute” 100%\nfor \u001b[31mthis'),
    })
    const error = await ends.gateway.openStream(request, always).catch((reason: unknown) => reason)
    assert.ok(error instanceof UpstreamError)
    assert.equal(error.code, `connector-${fault}`)
    assert.match(error.message, /: no “röute” 100% for {1,2}\[31mthis$/)
    assert.equal(ends.gateway.isReady, true)
    assert.equal(ends.gateway.streams, 0)
  })
}

test('a stream that is given up is told to the connector, and leaves nothing', async () => {
  const { promise, resolve } = Promise.withResolvers<StreamOffer>()
  using ends = await openEnds({ onStream: resolve })
  const given = new AbortController()
  const opening = ends.gateway.openStream(request, given.signal)
  const { signal } = await promise
  given.abort()
  await assert.rejects(opening, { code: 'connector-cancelled' })
  if (!signal.aborted) await once(signal, 'abort')
  assert.equal(ends.gateway.streams, 0)
})

test('a draining connector refuses new streams, keeps those that are open, and then ends in order', async () => {
  using ends = await openEnds({ onStream: (offer) => void offer.accept().resume() })
  const { gateway, connector } = ends
  const stream = await gateway.openStream(request, always)
  connector.control.send({ type: 'draining' })
  connector.drain()
  await assert.rejects(gateway.openStream(request, always), { code: 'connector-draining' })
  assert.equal(stream.destroyed, false)
  stream.destroy(new Error('cut'))
  assert.deepEqual(await Promise.all([gateway.ended, connector.ended]), [undefined, undefined])
  assert.equal(gateway.isReady, false)
})

test('a draining gateway opens nothing more, and ends in order with its last stream', async () => {
  using ends = await openEnds({ onStream: (offer) => void offer.accept().resume().end('bye') })
  const { gateway, connector } = ends
  const stream = await gateway.openStream(request, always)
  gateway.control.send({ type: 'draining' })
  gateway.drain()
  assert.equal(gateway.isReady, false)
  await assert.rejects(gateway.openStream(request, always), { code: 'connector-draining' })
  stream.resume().end()
  assert.deepEqual(await Promise.all([gateway.ended, connector.ended]), [undefined, undefined])
  assert.deepEqual(await take(connector.control.messages, 2), [{ type: 'draining' }])
})

test('a connection that is destroyed resets its streams at both ends', async () => {
  const offers: StreamOffer[] = []
  using ends = await openEnds({ onStream: (offer) => offers.push(offer) })
  const { gateway, connector } = ends
  const opening = gateway.openStream(request, always)
  while (offers.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const atConnector = offers[0]?.accept().on('error', () => undefined)
  const stream = await opening
  const waiting = assert.rejects(gateway.openStream(request, always), { code: 'connector-lost' })
  connector.destroy(new Error('killed'))
  await waiting
  // With an error or without: whether the end of the connection is heard before its loss is the runtime's.
  await finished(stream).catch(() => undefined)
  assert.equal(stream.readableEnded, false)
  assert.equal(atConnector?.destroyed, true)
  assert.match(String(await connector.ended), /killed/)
  assert.ok((await gateway.ended) instanceof Error)
})

test('a connection that is gone is said to be lost, at both ends', async () => {
  for (const how of ['destroy', 'resetAndDestroy'] as const) {
    using connection = await openConnection()
    const onStream = (): void => assert.fail('no stream was opened')
    const [gateway, connector] = await Promise.all([
      openGatewayEnd(connection.atGateway),
      openConnectorEnd(connection.atConnector, { onStream }),
    ])
    for (const beneath of connection.beneath) beneath[how]()
    const said = await Promise.all([gateway.ended, connector.ended])
    for (const error of said) assert.match(String(error), /was lost|ECONNRESET/)
  }
})

test('a connection that chose another protocol, or is gone, is not begun on', async () => {
  const onStream = (): void => assert.fail('no stream was opened')
  using other = await openConnection({ protocols: ['http/1.1'] })
  await assert.rejects(openConnectorEnd(other.atConnector, { onStream }), {
    code: 'connector-protocol',
  })
  assert.equal(other.atConnector.destroyed, true)
  using gone = await openConnection()
  gone.atConnector.destroy()
  gone.atGateway.destroy()
  await assert.rejects(openConnectorEnd(gone.atConnector, { onStream }), { code: 'connector-lost' })
  await assert.rejects(openGatewayEnd(gone.atGateway), { code: 'connector-lost' })
})

test('a control stream that was given up before the connector could answer it is a lost connection', async () => {
  using connection = await openConnection()
  await askAndGiveUp(connection, [control])
  const opening = openConnectorEnd(connection.atConnector, { onStream: none })
  // Bun tells of a stream before it reads of its reset, and ends it before it resets it: there the connection begins,
  // and is over then.
  if (isBun) await (await opening).ended
  else await assert.rejects(opening, { code: 'connector-lost' })
})

test('streams that were given up before the connector could answer them end nothing', async () => {
  using connection = await openConnection()
  const session = await askAndGiveUp(connection, [
    { ':path': '/elsewhere' },
    { ':method': 'CONNECT', ':authority': request.authority },
  ])
  session.request(control)
  const offers: StreamOffer[] = []
  const end = await openConnectorEnd(connection.atConnector, {
    onStream: (offer) => offers.push(offer),
  })
  await nextTurn()
  if (!isBun) assert.deepEqual(offers, [])
  for (const { signal } of offers) assert.ok(signal.aborted)
  assert.equal(end.streams, 0)
  end.destroy()
})

const control = { ':method': 'POST', ':path': controlPath }
const none = (): never => assert.fail('nobody waits for this stream')

/** All of it has come by the time that anything of it is looked at. */
async function askAndGiveUp({ atGateway, atConnector }: Connection, asked: readonly object[]) {
  const session = connect('https://connector', { createConnection: () => carryingHttp2(atGateway) })
  session.on('error', () => undefined)
  await once(session, 'connect')
  const streams = asked.map((headers) => session.request({ ...headers }, { endStream: false }))
  await once(atConnector, 'readable')
  const before = atConnector.readableLength
  for (const stream of streams)
    stream.on('error', () => undefined).close(constants.NGHTTP2_INTERNAL_ERROR)
  while (atConnector.readableLength === before) await nextTurn()
  return session
}

test('a side that never says anything is given up within ten seconds', async () => {
  const clock = createFakeClock()
  const onStream = (): void => assert.fail('no stream was opened')
  using first = await openConnection()
  using second = await openConnection()
  const given = [
    assert.rejects(openGatewayEnd(first.atGateway, { clock }), { code: 'connector-silent' }),
    assert.rejects(openConnectorEnd(second.atConnector, { clock, onStream }), {
      code: 'connector-lost',
    }),
  ]
  clock.advance(9_999)
  await Promise.all(given)
  assert.deepEqual([first.atGateway.destroyed, second.atConnector.destroyed], [true, true])
})

async function take<T>(messages: AsyncIterable<T>, count: number): Promise<readonly T[]> {
  const taken: T[] = []
  for await (const message of messages) if (taken.push(message) === count) break
  return taken
}

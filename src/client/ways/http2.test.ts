import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../log.ts'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { createDialer, type GatewayDialer } from '../../reach/dialer.ts'
import { startFakeGateway, type FakeGateway } from '../../reach/fake-gateway.fixture.ts'
import { createHttp2Way, NoHttp2Error } from './http2.ts'
import { waySuite } from './way.suite.ts'

waySuite({
  name: 'HTTP/2',
  protocols: ['h2'],
  version: '2',
  create: (dialer) =>
    createHttp2Way({ dialer, log: silentLogger, onHttp1: () => assert.fail('it offers HTTP/2') }),
})

test('a gateway that chooses HTTP/1.1 is handed over with its connection, and not asked again', async (t) => {
  await using gateway = await startFakeGateway({ isPublic: true, protocols: ['http/1.1'] })
  const dialer = dialerTo(gateway)
  let handedOver = 0
  const way = createHttp2Way({
    dialer,
    log: silentLogger,
    onHttp1(socket) {
      handedOver += 1
      t.after(() => socket.destroy())
    },
  })
  const { signal } = new AbortController()
  for (let asked = 0; asked < 2; asked += 1) {
    await assert.rejects(way.connect({ authority: 'a:1', fields: {}, signal }), NoHttp2Error)
  }
  assert.deepEqual([handedOver, gateway.connections], [1, 1])
})

test('whoever asks once connections are left waits for none that was being made before', async (t) => {
  await using gateway = await startFakeGateway({ isPublic: true, protocols: ['h2'] })
  const dialer = dialerTo(gateway)
  // Such as one on a network that is gone.
  const held = Promise.withResolvers<void>()
  let opened = 0
  const way = createHttp2Way({
    dialer: {
      ...dialer,
      async open(...asked) {
        opened += 1
        if (opened === 1) await held.promise
        return dialer.open(...asked)
      },
    },
    log: silentLogger,
    onHttp1: () => assert.fail('it offers HTTP/2'),
  })
  t.after(() => way.destroy())
  const { signal } = new AbortController()
  const connect = () => way.connect({ authority: 'a:1', fields: {}, signal })
  const before = connect()
  way.leaveConnections()
  const after = [connect(), connect()]
  assert.equal(opened, 2)
  const answers = await Promise.all(after)
  held.resolve()
  for (const { refusal } of [...answers, await before]) assert.equal(refusal, undefined)
})

function dialerTo({ origin, ca }: FakeGateway): GatewayDialer {
  return createDialer({
    gateway: parseGatewayUrl(origin),
    trust: { isVerified: true, extraCa: [ca], clientCertificate: undefined },
  })
}

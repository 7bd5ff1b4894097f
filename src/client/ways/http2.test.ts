import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../log.ts'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { createDialer } from '../../reach/dialer.ts'
import { startFakeGateway } from '../../reach/fake-gateway.fixture.ts'
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
  const dialer = createDialer({
    gateway: parseGatewayUrl(gateway.origin),
    trust: { isVerified: true, extraCa: [gateway.ca], clientCertificate: undefined },
  })
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

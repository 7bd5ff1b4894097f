import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Duplex } from 'node:stream'
import { createFakeClock } from '../../fake-clock.ts'
import { openEdge, requestFor, testCa, type EdgeRig } from './protocol.fixture.ts'
import { startStockConnector, type StockOptions } from './stock-connector.fixture.ts'

const never = new AbortController().signal
const unsafe = /[\p{Cc}\p{Cf}]/u

test('before it is registered a connector can make the gateway hold next to nothing', async (t) => {
  const edge = await openEdge(t)
  const head = Buffer.alloc(8)
  head.writeUInt32LE((10 * 1024 * 1024) / 8, 4)
  for (const bytes of [head, Buffer.alloc(8, 0xff), Buffer.from('GET / HTTP/1.1\r\n\r\n')]) {
    const connector = await startStockConnector(t, {
      ...toward(edge),
      onControl: (control) => void control.write(bytes),
    })
    await connector.closed
    assert.equal(edge.lines.at(-1)?.message, 'a connector breaks off')
  }
})

test('one that does not register has ten seconds, and is no line for each', async (t) => {
  const clock = createFakeClock()
  const edge = await openEdge(t, { clock })
  const head = Buffer.alloc(8, 0xff)
  for (let made = 0; made < 25; made += 1) {
    const breaking = { onControl: (control: Duplex) => void control.write(head) }
    await (
      await startStockConnector(t, { ...toward(edge), ...breaking })
    ).closed
  }
  const lines = edge.lines.filter(({ message }) => message === 'a connector breaks off')
  assert.equal(lines.length, 20)
  const silent = await startStockConnector(t, { ...toward(edge), onControl: () => undefined })
  clock.advance(9_999)
  await new Promise((resolve) => void silent.session.ping(resolve))
  assert.equal(silent.socket.destroyed, false)
  clock.advance(1)
  await silent.closed
})

test('rules of more than a mebibyte end the connection; others that are none are no rules', async (t) => {
  const edge = await openEdge(t)
  const connector = await startStockConnector(t, toward(edge))
  const [link] = await edge.ready()
  connector.configure({ ingress: 'all', more: '['.repeat(500_000) })
  await edge.line('a connector serves nothing: it has no rules, and is given none')
  assert.deepEqual(link?.services, [])
  connector.configure('a'.repeat(2 * 1024 * 1024))
  await connector.closed
  assert.deepEqual(edge.links.list(), [])
})

test('one that calls again and again is ended', async (t) => {
  const edge = await openEdge(t)
  const connector = await startStockConnector(t, toward(edge))
  await edge.ready()
  for (let calls = 0; calls < 1_001; calls += 1) connector.call(7)
  await connector.closed
  assert.match(String((await edge.line('a connector breaks off'))['error']), /too many messages/)
})

test('a stream that is answered for ever, or never, is given up, and the link stays', async (t) => {
  const clock = createFakeClock()
  const edge = await openEdge(t, { clock })
  const asked = Promise.withResolvers<void>()
  let isSilent = false
  const connector = await startStockConnector(t, {
    ...toward(edge),
    onStream(stream, headers) {
      if (headers['sec-websocket-key'] === undefined) return false
      if (isSilent) asked.resolve()
      else for (let i = 0; i < 20; i += 1) stream.additionalHeaders({ ':status': 103 })
      return true
    },
  })
  const [link] = await edge.ready()
  const open = (signal = never): Promise<Duplex> | undefined =>
    link?.openStream(requestFor(), signal)
  await assert.rejects(open() ?? assert.fail(), { code: 'connector-lost' })
  isSilent = true
  const opening = assert.rejects(open() ?? assert.fail(), { code: 'connector-timeout' })
  await asked.promise
  for (let second = 0; second < 15; second += 1) {
    clock.advance(1_000)
    await new Promise((resolve) => void connector.session.ping(resolve))
  }
  await opening
  const abort = new AbortController()
  const aborted = assert.rejects(open(abort.signal) ?? assert.fail(), { code: 'connector-lost' })
  abort.abort()
  await aborted
  assert.deepEqual([link?.streams, link?.isReady], [0, true])
})

test('nothing that it says of itself is obeyed by a terminal', async (t) => {
  const edge = await openEdge(t)
  const version = '\u001b]52;c;Y3VybA==\u0007\n2026\u202e'
  const connector = await startStockConnector(t, { ...toward(edge), version })
  const [link] = await edge.ready()
  assert.doesNotMatch(String(link?.version), unsafe)
  connector.configure({ ingress: [{ hostname: '\u001b[2J', service: 'tcp://\u001b[2J:1' }] })
  await new Promise((resolve) => void connector.session.ping(resolve))
  assert.doesNotMatch(JSON.stringify(link?.services), unsafe)
})

function toward(edge: EdgeRig): Pick<StockOptions, 'port' | 'ca'> {
  return { port: edge.port.address.port, ca: testCa }
}

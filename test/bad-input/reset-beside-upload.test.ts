import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { openEdge, requestFor, testCa } from '../../src/links/cloudflared/protocol.fixture.ts'
import {
  startStockConnector,
  type StockOptions,
} from '../../src/links/cloudflared/stock-connector.fixture.ts'
import { always, openEnds } from '../../src/tunnel/connector/ends.fixture.ts'

/** More than any window takes: it waits at the gateway. */
const upload = Buffer.alloc(1024 * 1024)
const uploads = 40

// What goes wrong here ends the process, and so the test file.

test('a connector that ends beside an upload that waits ends no gateway', async () => {
  using ends = await openEnds({
    onStream: (offer) =>
      void offer
        .accept()
        .on('error', () => undefined)
        .pause(),
  })
  const streams = [await open(), await open()]
  for (let mebibytes = 0; mebibytes < uploads; mebibytes += 1) streams[0]?.write(upload)
  for (let turns = 0; turns < 200; turns += 1) await turn()
  ends.connector.destroy()
  assert.ok((await ends.gateway.ended) instanceof Error)

  async function open() {
    const stream = await ends.gateway.openStream({ authority: 'a:1', grant: '' }, always)
    return stream.on('error', () => undefined)
  }
})

test('a stock connector that resets its control stream beside an upload that waits ends no gateway', async (t) => {
  const edge = await openEdge(t)
  const onStream: StockOptions['onStream'] = (stream, headers) => {
    if (headers['cf-cloudflared-proxy-src'] === undefined) return false
    stream.respond({ ':status': 200 })
    stream.pause()
    return true
  }
  const { port } = edge.port.address
  const connector = await startStockConnector(t, { port, ca: testCa, onStream })
  const [link] = await edge.ready()
  const raw = requestFor({ host: '192.0.2.1', port: 1 })
  const stream = await link?.openStream(raw, always)
  stream?.on('error', () => undefined)
  for (let mebibytes = 0; mebibytes < uploads; mebibytes += 1) stream?.write(upload)
  for (let turns = 0; turns < 200; turns += 1) await turn()
  connector.session.destroy()
  if (!connector.socket.destroyed) await once(connector.socket, 'close')
  await edge.line('connector gone')
})

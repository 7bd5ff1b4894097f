import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, test, type TestContext } from 'node:test'
import type { HostPort } from '../../address.ts'
import { relaySuite, type TransportPair } from '../../net/relay.suite.ts'
import { maxInFlightBytes, sendUntilBlocked } from '../../net/send-until-blocked.fixture.ts'
import { openEdge, requestFor, testCa } from './protocol.fixture.ts'
import { acceptOf, serializeHeaders } from './stream-wire.ts'
import { frameOf, startStockConnector, type StockOptions } from './stock-connector.fixture.ts'

const never = new AbortController().signal

for (const how of ['ingress', 'raw'] as const) {
  relaySuite({
    name: `a stream of a stock connector (${how})`,
    tellsReset: false,
    isUpstream: true,
    endsBothWays: 'a stock connector ends both directions at once',
    open: () => openPair(how),
  })

  describe(`a stream of a stock connector (${how})`, () => {
    test('carries every byte both ways at once', async () => {
      const { near, far, close } = await openPair(how)
      const [up, down] = [randomBytes(3_000_017), randomBytes(5_000_011)]
      const [atService, atClient] = [take(near, up.length), take(far, down.length)]
      far.write(up)
      near.write(down)
      assert.ok((await atService).equals(up))
      assert.ok((await atClient).equals(down))
      close()
    })

    test('stops its writer while the service does not read, and takes the rest when it does', async () => {
      const { near, far, close } = await openPair(how)
      const sentBytes = await sendUntilBlocked(far)
      assert.ok(sentBytes < maxInFlightBytes, `${sentBytes} bytes were taken`)
      assert.equal((await take(near, sentBytes)).length, sentBytes)
      close()
    })

    test('gives what the service said last, and then what became of bytes it never took', async () => {
      const { near, far, close } = await openPair(how)
      far.write('question')
      await take(near, 8)
      near.end('answer')
      assert.equal((await take(far, 6)).toString(), 'answer')
      await once(far, 'end')
      const failed = once(far, 'error')
      far.write('more')
      assert.match(String((await failed)[0]), /takes no more/)
      close()
    })
  })
}

test('pings are answered, however many, and never more than the last of what came at once', async (t) => {
  const pongs: Buffer[] = []
  const stream = await openWith(t, (stock) => {
    stock.on('data', (chunk: Buffer) => pongs.push(chunk))
    stock.write(Buffer.concat([...Array(1_000)].map((_, i) => frameOf(9, Buffer.from(`p${i}`)))))
    stock.write(frameOf(2, Buffer.from('bytes')))
  })
  assert.equal((await take(stream, 5)).toString(), 'bytes')
  const sent = Buffer.concat(pongs)
  assert.ok(sent.length < 1_000 * 8, `${sent.length} bytes of pongs`)
  stream.destroy()
})

test('a connector that breaks the protocol of a stream loses the stream alone', async (t) => {
  const stream = await openWith(t, (stock) => void stock.write(Buffer.from([0xf2, 0x00])))
  const [error] = (await once(stream.resume(), 'error')) as [Error]
  assert.match(error.message, /breaks the WebSocket protocol/)
})

test('a reset of the connector is a reset of the tunnel', async (t) => {
  const stream = await openWith(t, (stock) => void stock.once('data', () => stock.close(2)))
  const failed = once(stream.resume(), 'error')
  stream.write('x')
  await failed
})

type Stock = Parameters<NonNullable<StockOptions['onStream']>>[0]

/** A stream that opens as it should, and does something else from then on. */
async function openWith(t: TestContext, serve: (stock: Stock) => void): Promise<Duplex> {
  const edge = await openEdge(t)
  await startStockConnector(t, {
    port: edge.port.address.port,
    ca: testCa,
    onStream(stock, headers) {
      const key = headers['sec-websocket-key']
      if (key === undefined) return false
      stock.respond({ ':status': 200, ...accepting(key) })
      serve(stock)
      return true
    },
  })
  const [link] = await edge.ready()
  return link?.openStream(requestFor(), never) ?? assert.fail()
}

async function openPair(how: 'ingress' | 'raw'): Promise<TransportPair> {
  const afterwards: (() => void)[] = []
  // The suite closes what it has opened itself.
  const t = { after: (end: () => void) => void afterwards.push(end) } as unknown as TestContext
  const origin = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1')
  await once(origin, 'listening')
  const { port } = origin.address() as AddressInfo
  const edge = await openEdge(t)
  await startStockConnector(t, { port: edge.port.address.port, ca: testCa, origin: port })
  const [link] = await edge.ready()
  const accepted = once(origin, 'connection') as Promise<[Socket]>
  const service: HostPort | undefined = how === 'raw' ? { host: '127.0.0.1', port } : undefined
  const far = await (link?.openStream(requestFor(service), never) ?? assert.fail())
  const [near] = await accepted
  return {
    near: near.on('error', () => undefined),
    far,
    close() {
      origin.close()
      near.destroy()
      far.destroy()
      for (const end of afterwards) end()
    },
  }
}

function accepting(key: string | string[]) {
  return serializeHeaders({ 'Sec-WebSocket-Accept': acceptOf(String(key)) })
}

/** Resolves to so many bytes, once they have come. */
function take(stream: Duplex, wanted: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let got = 0
  return new Promise((resolve) => {
    const add = (chunk: Buffer): void => {
      chunks.push(chunk)
      got += chunk.length
      if (got < wanted) return
      stream.off('data', add)
      resolve(Buffer.concat(chunks))
    }
    stream.on('data', add)
  })
}

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, test, type TestContext } from 'node:test'
import { createFakeClock } from '../fake-clock.ts'
import { openEdge, testCa, type EdgeRig } from '../links/cloudflared/protocol.fixture.ts'
import {
  startStockConnector,
  type StockConnector,
  type StockOptions,
} from '../links/cloudflared/stock-connector.fixture.ts'
import type { Link } from '../links/link.ts'
import { join, openHarbour } from '../links/postern/postern.fixture.ts'
import type { ConnectorWay } from '../routes/upstream-way.ts'
import { openBy } from './upstream.fixture.ts'

const toStock: ConnectorWay = { kind: 'connector', tunnel: 'demo', service: undefined }
const toOurs: ConnectorWay = { kind: 'connector', tunnel: 'site', service: undefined }

const ids = [randomUUID(), randomUUID()] as const

/** Ways to be gone; the connector itself knows no other than the first. */
const kills: Readonly<
  Record<string, (stream: Duplex & { close(code: number): void }, socket: Socket) => void>
> = {
  'resets it': (stream) => stream.close(8),
  'is killed': (_stream, socket) => socket.destroy(),
}

describe('of two stock connectors', () => {
  test('one whose service is dead is followed by the other, each time', async (t) => {
    const edge = await openEdge(t)
    const [dead, alive] = await startTwo(t, edge, {}, { origin: await startEcho(t) })
    for (let opened = 0; opened < 5; opened += 1) assert.equal(await echoed(edge), 'hello')
    assert.deepEqual([dead.opens, alive.opens?.ok], [{ ok: 0, failed: 5 }, 5])
  })

  for (const [how, kill] of Object.entries(kills)) {
    test(`one that ${how} while it opens a stream is followed by the other`, async (t) => {
      const edge = await openEdge(t)
      const connectors: StockConnector[] = []
      const onStream: StockOptions['onStream'] = (stream, headers) => {
        if (headers['sec-websocket-key'] === undefined) return false
        kill(stream, connectors[0]?.socket ?? assert.fail())
        return true
      }
      connectors.push(await start(t, edge, { onStream }))
      await edge.ready(1)
      await start(t, edge, { origin: await startEcho(t) })
      await edge.ready(2)
      assert.equal(await echoed(edge), 'hello')
    })
  }

  test('one that never answers is followed by the other before a client would give up', async (t) => {
    const clock = createFakeClock()
    const edge = await openEdge(t, { clock })
    const asked = Promise.withResolvers<void>()
    const onStream: StockOptions['onStream'] = (_stream, headers) => {
      if (headers['sec-websocket-key'] === undefined) return false
      asked.resolve()
      return true
    }
    const mute = await start(t, edge, { onStream })
    await edge.ready(1)
    const second = await start(t, edge, { origin: await startEcho(t) })
    await edge.ready(2)
    const answered = echoed(edge)
    await asked.promise
    for (let waited = 0; waited < 15; waited += 1) {
      clock.advance(1_000)
      await Promise.all([mute, second].map(ping))
    }
    assert.equal(await answered, 'hello')
  })
})

test('of two connectors of ours one that dies while it opens a stream is followed by the other', async () => {
  await using harbour = await openHarbour()
  const dying = await join(harbour, {}, () => dying.end.destroy())
  const other = await join(harbour, {}, (offer) => void offer.accept())
  const { stream, destination } = await openBy(toOurs, { links: harbour.links })
  assert.equal(other.end.streams, 1)
  assert.equal(destination.connector?.connectorId, harbour.links.list()[0]?.connectorId)
  stream.destroy()
})

/** Their first connections, in their order. */
async function startTwo(
  t: TestContext,
  edge: EdgeRig,
  first: Partial<StockOptions>,
  second: Partial<StockOptions>,
): Promise<readonly [Link, Link]> {
  await start(t, edge, { connectorId: ids[0], ...first })
  await edge.ready(1)
  await start(t, edge, { connectorId: ids[1], ...second })
  const links = await edge.ready(2)
  const of = (id: string): Link =>
    links.find(({ connectorId }) => connectorId === id) ?? assert.fail()
  return [of(ids[0]), of(ids[1])]
}

function start(
  t: TestContext,
  edge: EdgeRig,
  options: Partial<StockOptions>,
): Promise<StockConnector> {
  return startStockConnector(t, { port: edge.port.address.port, ca: testCa, ...options })
}

/** Opens a tunnel, and resolves to what comes back. */
async function echoed(edge: EdgeRig): Promise<string> {
  const { stream } = await openBy(toStock, { links: edge.links })
  stream.on('error', () => undefined).write('hello')
  const [answer] = (await once(stream, 'data')) as [Buffer]
  stream.destroy()
  return String(answer)
}

function ping({ session }: StockConnector): Promise<void> {
  return new Promise((resolve) => void session.ping(() => resolve()))
}

function startEcho(t: TestContext): Promise<number> {
  return startService(t, (socket) => void socket.pipe(socket))
}

async function startService(t: TestContext, serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('error', () => undefined))
    serve(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

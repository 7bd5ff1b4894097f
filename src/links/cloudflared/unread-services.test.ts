import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Link } from '../link.ts'
import { holdable } from '../../net/http2-windows.ts'
import { streamWindows } from './session.ts'
import { openEdge, requestFor, testCa } from './protocol.fixture.ts'
import { startStockConnector } from './stock-connector.fixture.ts'

const windowBytes = holdable(streamWindows).startWindowBytes
const streams = (8 * 1024 * 1024) / windowBytes
const never = new AbortController().signal

test('what services say and nobody reads is no flood, nor is what comes after a cut', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const edge = await openEdge(t)
  const port = edge.port.address.port
  await startStockConnector(t, { port, ca: testCa, origin: await startTalker(t) })
  const [link] = await edge.ready()
  assert.ok(link)
  const unread = await openAll(link)
  // As much as their windows take, and no byte of it read.
  while ((link.bytes?.down ?? 0) < streams * windowBytes) await turn()
  t.mock.timers.tick(1_000)
  assert.deepEqual(edge.evicted, [])

  for (const stream of unread) stream.destroy()
  const more = await openAll(link)
  const before = link.bytes?.down ?? 0
  for (const stream of more) stream.resume()
  while ((link.bytes?.down ?? 0) < before + 2 * streams * windowBytes) await turn()
  // Each may fill its window until the connector has heard of it.
  for (const stream of more) stream.destroy()
  while (link.streams > 0) await turn()
  for (let look = 0; look < 3; look += 1) {
    await new Promise<void>((resolve) => void setTimeout(resolve, 0))
    t.mock.timers.tick(1_000)
  }
  assert.deepEqual([edge.evicted, link.isReady], [[], true])
})

async function openAll(link: Link): Promise<readonly Duplex[]> {
  const opened: Duplex[] = []
  while (opened.length < streams) {
    const stream = await link.openStream(requestFor(), never)
    opened.push(stream.on('error', () => undefined))
  }
  return opened
}

/** A service that says whatever is taken. */
async function startTalker(t: TestContext): Promise<number> {
  const sockets = new Set<Socket>()
  const piece = Buffer.alloc(64 * 1024)
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
    const talk = (): void => {
      while (socket.write(piece));
    }
    socket.on('drain', talk)
    talk()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

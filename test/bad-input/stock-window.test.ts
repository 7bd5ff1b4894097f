import assert from 'node:assert/strict'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createFakeClock } from '../../src/fake-clock.ts'
import { openEdge, requestFor, testCa } from '../../src/links/cloudflared/protocol.fixture.ts'
import {
  startStockConnector,
  type StockOptions,
} from '../../src/links/cloudflared/stock-connector.fixture.ts'
import { always } from '../../src/tunnel/connector/ends.fixture.ts'
import { acknowledgement, endHeaders, frame } from './frames.ts'
import { ok, piecesOf } from './raw-ends.ts'
import { startRawStockConnector } from './raw-stock-connector.ts'

const way = { kind: 'connector', tunnel: 'demo', service: undefined } as const
/** Asked for as bytes, so that a 200 alone opens it. */
const raw = requestFor({ host: '192.0.2.1', port: 1 })
/** The first stream after the control stream. */
const firstStream = 3

test('a stock connector that takes nothing more is asked last, and where no other is, it is asked', async (t) => {
  const edge = await openEdge(t)
  const { port } = edge.port.address
  const socket = await startRawStockConnector(t, port, testCa)
  const [full] = await edge.ready(1)
  assert.ok(full)
  const opening = full.openStream(raw, always)
  while (full.streams === 0) await turn()
  await answered(socket)
  socket.write(frame('headers', endHeaders, firstStream, ok))
  const stopped = await opening
  stopped.on('error', () => undefined)
  assert.equal(full.isFull, false)
  // It has the window that everybody begins with, and never gives any more (RFC 9113 §6.9.2).
  stopped.write(Buffer.alloc(1024 * 1024))
  while (!full.isFull) await turn()
  assert.deepEqual(edge.links.toward(way, ''), [full], 'it is the only one')
  await startStockConnector(t, { port, ca: testCa, onStream: accept })
  await edge.ready(2)
  const other = edge.links.list().find((link) => link !== full)
  assert.ok(other)
  const held = [await other.openStream(raw, always), await other.openStream(raw, always)]
  assert.deepEqual([full.streams, other.streams], [1, 2])
  assert.deepEqual(edge.links.toward(way, ''), [other, full])
  for (const stream of held) stream.on('error', () => undefined).destroy()
  stopped.destroy()
})

test('a service that takes nothing while others on its connection wait is reset, with a line in the log', async (t) => {
  const clock = createFakeClock()
  const edge = await openEdge(t, { clock })
  const socket = await startRawStockConnector(t, edge.port.address.port, testCa)
  const [link] = await edge.ready(1)
  assert.ok(link)
  const opened: Duplex[] = []
  for (const stream of [firstStream, firstStream + 2]) {
    const opening = link.openStream(raw, always)
    await answered(socket)
    socket.write(frame('headers', endHeaders, stream, ok))
    opened.push((await opening).on('error', () => undefined))
  }
  const [deaf, waiting] = opened
  assert.ok(deaf && waiting)
  deaf.write(Buffer.alloc(1024 * 1024))
  while (!link.isFull) await turn()
  waiting.write('for my own service')
  const lost = new Promise((resolve) => deaf.once('close', resolve))
  for (let waited = 0; waited < 11; waited += 1) {
    // It is there, and says so.
    const alive = link.bytes?.down ?? 0
    socket.write(frame('ping', 0, 0, Buffer.alloc(8)))
    while ((link.bytes?.down ?? 0) === alive) await turn()
    clock.advance(1_000)
  }
  await lost
  const line = await edge.line(
    'a service behind a connector takes nothing while others wait: its tunnel is reset',
  )
  assert.deepEqual(
    [line['hostname'], line['request-id'], line.level],
    ['db.example.com', 'r1', 'warn'],
  )
  assert.deepEqual([waiting.destroyed, link.streams], [false, 1])
})

test('a service whose bytes come one by one and are not read is reset before they fill the memory', async (t) => {
  const edge = await openEdge(t)
  const socket = await startRawStockConnector(t, edge.port.address.port, testCa)
  const [link] = await edge.ready(1)
  assert.ok(link)
  // Before this it may send no more than 64 KiB (RFC 9113 §6.5.3, §6.9.2).
  socket.write(frame('settings', acknowledgement, 0))
  const opening = link.openStream(raw, always)
  await answered(socket)
  socket.write(frame('headers', endHeaders, firstStream, ok))
  const unread = (await opening).on('error', () => undefined)
  const lost = new Promise((resolve) => unread.once('close', resolve))
  // It takes over the first credit, a MiB, which would keep half a GiB of them, and none after that. What comes of
  // them behind the reset is less than what counts as a flood.
  socket.write(piecesOf(firstStream, Buffer.alloc(150_000, '.')))
  await lost
  // Its connection stays: one that answers no ping for ten seconds would lose the stream with it.
  assert.deepEqual(edge.links.list(), [link])
})

function accept(...[stream, headers]: Parameters<NonNullable<StockOptions['onStream']>>): boolean {
  if (headers['cf-cloudflared-proxy-src'] === undefined) return false
  stream.respond({ ':status': 200 })
  return true
}

/** What was asked of it has come. */
async function answered(socket: NodeJS.EventEmitter): Promise<void> {
  await new Promise((resolve) => socket.once('data', resolve))
}

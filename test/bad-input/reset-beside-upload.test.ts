// A peer that resets one stream while another waits for its credit. What is done about the first is done while Node's
// HTTP/2 reads the frame: to reset the second then makes it close the first twice, and ends the process
// (`afterFrames` of src/net/runtime.ts). Without that, this file ends with SIGABRT.
import assert from 'node:assert/strict'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createFakeClock } from '../../src/fake-clock.ts'
import { golden } from '../../src/links/cloudflared/golden.fixture.ts'
import { openEdge, requestFor, testCa } from '../../src/links/cloudflared/protocol.fixture.ts'
import { always } from '../../src/tunnel/connector/ends.fixture.ts'
import { endHeaders, frame, number32 } from './frames.ts'
import {
  closed,
  controlStream,
  dataOf,
  muchCredit,
  ok,
  openBegun,
  openControlled,
  openOf,
  turns,
} from './raw-ends.ts'
import { startRawStockConnector } from './raw-stock-connector.ts'

const noError = 0
const protocolError = 1
const cancel = 8
/** More than a stream may send without credit of its own (RFC 9113 §6.9.2); the connection has plenty. */
const tooMuch = Buffer.alloc(1024 * 1024)

function resetOf(stream: number, code: number): Buffer {
  return frame('rstStream', 0, stream, number32(code))
}

/** It has written what it may, and waits. */
async function stuck(stream: Duplex): Promise<Duplex> {
  stream.on('error', () => undefined).write(tooMuch)
  await turns()
  assert.ok(stream.writableNeedDrain)
  return stream
}

for (const code of [noError, protocolError, cancel]) {
  test(`a gateway survives a connector that resets its control stream with ${code} over a stuck stream`, async (t) => {
    const { socket, gateway, attacked } = await openControlled(t)
    socket.write(muchCredit(0))
    const opening = gateway.openStream({ authority: 'a:1', grant: 'a.b.c' }, always)
    await turns()
    socket.write(frame('headers', endHeaders, 3, ok))
    const stream = await stuck(await opening)
    socket.write(resetOf(controlStream, code))
    assert.match(String(await gateway.ended), /control stream was reset/)
    await closed(stream)
    await closed(attacked)
  })

  test(`a connector survives a gateway that does so with ${code}`, async (t) => {
    const { socket, connector, offers, attacked } = await openBegun(t)
    socket.write(openOf(3))
    while (offers.length === 0) await turn()
    const stream = await stuck(offers[0]?.accept() as Duplex)
    socket.write(resetOf(controlStream, code))
    assert.match(String(await connector.ended), /control stream was reset/)
    await closed(stream)
    await closed(attacked)
  })

  test(`a gateway survives a stock connector that does so with ${code}`, async (t) => {
    const edge = await openEdge(t)
    const socket = await startRawStockConnector(t, edge.port.address.port, testCa)
    const [link] = await edge.ready(1)
    assert.ok(link)
    socket.write(muchCredit(0))
    const opening = link.openStream(requestFor({ host: '192.0.2.1', port: 1 }), always)
    await new Promise((resolve) => socket.once('data', resolve))
    socket.write(frame('headers', endHeaders, 3, ok))
    const stream = await stuck(await opening)
    socket.write(resetOf(controlStream, code))
    await closed(stream)
    await closed(socket)
    assert.equal(edge.links.list().length, 0)
  })
}

test('a gateway survives a stock connector that has been told to go, and whose last stream is reset', async (t) => {
  const edge = await openEdge(t, { clock: createFakeClock() })
  const socket = await startRawStockConnector(t, edge.port.address.port, testCa)
  const [link] = await edge.ready(1)
  assert.ok(link)
  const opening = link.openStream(requestFor({ host: '192.0.2.1', port: 1 }), always)
  await new Promise((resolve) => socket.once('data', resolve))
  socket.write(frame('headers', endHeaders, 3, ok))
  const stream = (await opening).on('error', () => undefined)
  // No credit for streams (SETTINGS_INITIAL_WINDOW_SIZE, RFC 9113 §6.5.2) but for this one: an answer waits on the
  // control stream.
  socket.write(frame('settings', 0, 0, Buffer.from('000400000000', 'hex')))
  socket.write(dataOf(controlStream, Buffer.from(golden.bootstrap, 'hex')))
  socket.write(Buffer.concat([muchCredit(0), frame('windowUpdate', 0, 3, number32(1))]))
  await turns()
  link.drain()
  await turns()
  socket.write(resetOf(3, noError))
  await closed(stream)
  await turns()
  assert.equal(link.streams, 0)
})

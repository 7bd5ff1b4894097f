import assert from 'node:assert/strict'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, test, type TestContext } from 'node:test'
import { openEdge, testCa } from '../../src/links/cloudflared/protocol.fixture.ts'
import { startRawStockConnector } from './raw-stock-connector.ts'
import { endHeaders, fields, frame, number32 } from './frames.ts'
import { closed, controlStream, dataOf, openBegun, openControlled, openOf } from './raw-ends.ts'

/** What a peer writes over and over. */
const floods: Readonly<Record<string, Buffer>> = {
  PING: frame('ping', 0, 0, Buffer.alloc(8)),
  SETTINGS: frame('settings', 0, 0),
  WINDOW_UPDATE: frame('windowUpdate', 0, 0, number32(1)),
  PRIORITY: frame('priority', 0, 3, Buffer.alloc(5)),
  'DATA without a byte': frame('data', 0, controlStream),
  'a head': frame('continuation', 0, controlStream),
}

/** What stands before the first of them. */
const beginnings: Readonly<Record<string, Buffer>> = {
  'a head': frame('headers', 0, controlStream),
}

const someFields = fields([['x-some', 'y'.repeat(10_000)]])

/** What is refused for itself, at once. */
const breaches: Readonly<Record<string, readonly Buffer[]>> = {
  'a window beyond its bound': Array.from({ length: 2 }, () =>
    frame('windowUpdate', 0, 0, number32(0x7fffffff)),
  ),
  'a head of a mebibyte': [
    frame('headers', 0, controlStream, fields([['x', 'y']])),
    ...Array.from({ length: 100 }, (_, index) =>
      frame('continuation', index === 99 ? endHeaders : 0, controlStream, someFields),
    ),
  ],
}

/**
 * Bytes that a peer may write before its connection ends: it is looked at once a second, in which Bun alone takes 400 MB of
 * WINDOW_UPDATE, and this is ten times that.
 */
const maxFloodBytes = 4 * 1024 * 1024 * 1024

/** Somebody to be attacked over a connection that has begun. */
type Begin = (t: TestContext) => Promise<{ readonly socket: Duplex; readonly attacked?: Duplex }>

const targets: Readonly<Record<string, Begin>> = {
  'a gateway before a connector': openControlled,
  'a connector before a gateway': openBegun,
  'a gateway before a stock connector': async (t) => {
    const edge = await openEdge(t)
    const socket = await startRawStockConnector(t, edge.port.address.port, testCa)
    await edge.ready()
    return { socket }
  },
}

for (const [target, begin] of Object.entries(targets)) {
  describe(`${target} that floods it`, () => {
    for (const [what, one] of Object.entries(floods)) {
      test(`ends the connection at ${what} without end`, async (t) => {
        const { socket, attacked } = await begin(t)
        socket.write(beginnings[what] ?? '')
        const piece = Buffer.concat(Array.from({ length: 1_000 }, () => one))
        const sent = await pourUntilClosed(socket, piece)
        assert.ok(sent < maxFloodBytes, `${sent} bytes were taken`)
        if (attacked !== undefined) await closed(attacked)
      })
    }
    for (const [what, frames] of Object.entries(breaches)) {
      test(`ends the connection at ${what}`, async (t) => {
        const { socket, attacked } = await begin(t)
        for (const bytes of frames) socket.write(bytes)
        await closed(attacked ?? socket)
      })
    }
  })
}

test('a connector ends the connection of a gateway that goes on with a stream that was refused', async (t) => {
  const { socket, attacked, offers } = await openBegun(t)
  const stream = controlStream + 2
  socket.write(openOf(stream))
  while (offers.length === 0) await nextTurn()
  offers[0]?.refuse('no-rule', '')
  // Within the windows that it was given.
  for (let mebibytes = 0; mebibytes < 8; mebibytes += 1)
    socket.write(dataOf(stream, Buffer.alloc(1024 * 1024)))
  await closed(attacked)
})

test('a connector resets a stream that was refused and is not ended', async (t) => {
  const { socket, clock, connector, offers } = await openBegun(t)
  socket.write(openOf(controlStream + 2))
  while (offers.length === 0) await nextTurn()
  offers[0]?.refuse('no-rule', '')
  assert.equal(connector.streams, 1)
  clock.advance(5_000)
  while (connector.streams > 0) await nextTurn()
})

/** Answers how much was written. */
async function pourUntilClosed(socket: Duplex, piece: Buffer): Promise<number> {
  let sent = 0
  socket.resume()
  while (!socket.destroyed && sent < maxFloodBytes) {
    sent += piece.length
    if (!socket.write(piece)) await drained(socket)
    // On Bun what is written to one that its peer has ended drains at once, before that end is heard.
    await nextTurn()
  }
  return sent
}

function drained(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done)
      resolve()
    }
    socket.once('drain', done).once('close', done)
  })
}

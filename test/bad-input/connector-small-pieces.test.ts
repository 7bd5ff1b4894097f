import type { Duplex } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { openEdge, testCa } from '../../src/links/cloudflared/protocol.fixture.ts'
import { closed, controlStream, openBegun, openControlled, piecesOf } from './raw-ends.ts'
import { startRawStockConnector } from './raw-stock-connector.ts'

/** Somebody to be attacked, and what begins a message to them that is never whole. */
interface Target {
  readonly socket: Duplex
  readonly attacked: Duplex
  readonly message: Buffer
}

/** More than come in a row. */
const message = Buffer.alloc(300, 'x')

const targets: Readonly<Record<string, (t: TestContext) => Promise<Target>>> = {
  'a gateway before a connector': async (t) => ({ ...(await openControlled(t)), message }),
  'a connector before a gateway': async (t) => ({ ...(await openBegun(t)), message }),
  'a gateway before a stock connector': async (t) => {
    const edge = await openEdge(t)
    const socket = await startRawStockConnector(t, edge.port.address.port, testCa)
    await edge.ready()
    // One segment of half a MiB, whatever is in it.
    const head = Buffer.alloc(8)
    head.writeUInt32LE(0x10000, 4)
    return { socket, attacked: socket, message: Buffer.concat([head, message]) }
  },
}

for (const [target, begin] of Object.entries(targets)) {
  test(`${target} ends the connection at a message in pieces of a byte`, async (t) => {
    const { socket, attacked, message: begun } = await begin(t)
    socket.resume().write(piecesOf(controlStream, begun))
    await closed(attacked)
  })
}

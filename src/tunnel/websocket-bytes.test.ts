import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import { relaySuite } from '../net/relay.suite.ts'
import { openConnection } from './connector/ends.fixture.ts'
import { bytesOverWebSocket, type WebSocketBytesOptions } from './websocket-bytes.ts'
import { createFrameReader, encodeFrameHead } from './websocket-frames.ts'

const intervalMs = 25_000

// With an end of ours on either side; the other side's end leaves the answer 30 s from byte to byte.
relaySuite({
  name: 'a WebSocket of plain bytes',
  tellsReset: true,
  async open() {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const accepted = once(server, 'connection') as Promise<[Socket]>
    const { port } = server.address() as AddressInfo
    const near = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const [far] = await accepted
    return {
      near: bytesOverWebSocket(near, { side: 'client' }),
      far: bytesOverWebSocket(far, { side: 'server' }),
      close() {
        near.destroy()
        far.destroy()
        server.close()
      },
    }
  },
})

describe('a stream of bytes over a plain WebSocket', () => {
  test('takes no error from a client that is gone: what it said goes on to the service', async () => {
    await using pair = await openPair()
    const received = gather(pair.stream)
    pair.peer.write(masked('last words'))
    pair.peer.resetAndDestroySoon()
    assert.equal((await received).toString(), 'last words')
    for (let i = 0; i < 20; i += 1)
      await new Promise((resolve) => pair.stream.write(`to nobody ${i}`, resolve))
    await once(pair.carrier, 'close')
    await new Promise((resolve) => pair.stream.write('still to nobody', resolve))
    pair.stream.end()
    await once(pair.stream, 'close')
    assert.equal(pair.stream.errored, null)
  })

  test('is aborted a while after its client has gone where the service never ends', async (t) => {
    await using pair = await openPair()
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const received = gather(pair.stream)
    pair.peer.end()
    await received
    const failed = once(pair.stream, 'error')
    t.mock.timers.tick(30_000)
    const [error] = (await failed) as [Error]
    assert.match(error.message, /the client has closed/)
  })

  test('of a connection that is lost ends with an error', async () => {
    await using pair = await openPair()
    const failed = once(pair.stream.resume(), 'error')
    pair.peer.resetAndDestroy()
    await failed
  })

  test('is cut where what its TLS runs on is destroyed on our side', async () => {
    using connection = await openConnection()
    const stream = bytesOverWebSocket(connection.atGateway, { side: 'server' })
    let hasEnded = false
    stream.on('end', () => (hasEnded = true))
    const failed = once(stream, 'error')
    connection.atConnector.write(masked('half of it'))
    await once(stream, 'data')
    for (const beneath of connection.beneath.slice(1)) beneath.destroy()
    await failed
    assert.equal(hasEnded, false)
  })

  test('is an abort where the close says that something went wrong, and an end where it does not', async () => {
    for (const code of [1002, 1011, 4000, 4001]) {
      await using pair = await openPair()
      const failed = once(pair.stream, 'error')
      pair.peer.write(closeOf(code))
      const [error] = (await failed) as [Error]
      assert.match(error.message, /has aborted it/)
    }
    for (const code of [1000, 1001, undefined]) {
      await using pair = await openPair()
      pair.peer.write(closeOf(code))
      await once(pair.stream.resume(), 'end')
    }
  })

  test('waits 5 seconds for the other side to close as well, and passes on what it says', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    await using pair = await openPair()
    const closed = once(pair.peer, 'data')
    pair.stream.end()
    const [frame] = (await closed) as [Buffer]
    assert.deepEqual([...frame.subarray(0, 4)], [0x88, 2, 0x03, 0xe8])
    pair.peer.write(masked('last'))
    const [last] = (await once(pair.stream, 'data')) as [Buffer]
    assert.equal(last.toString(), 'last')
    const failed = once(pair.stream, 'error')
    t.mock.timers.tick(5_000)
    const [error] = (await failed) as [Error]
    assert.match(error.message, /does not close/)
  })

  test('is pinged, and given up when nothing comes back', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    await using pair = await openPair()
    const failed = once(pair.stream.resume(), 'error')
    const pinged = once(pair.peer, 'data')
    t.mock.timers.tick(intervalMs)
    const [frame] = (await pinged) as [Buffer]
    assert.equal(frame[0], 0x89)
    t.mock.timers.tick(2 * intervalMs)
    const [error] = (await failed) as [Error]
    assert.match(error.message, /answers no ping/)
  })

  test('goes on while pings are answered, with data between them or without', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    await using pair = await openPair()
    pair.stream.resume()
    answerPings(pair.peer)
    for (let i = 0; i < 6; i += 1) {
      if (i % 2 === 0) pair.stream.write('more')
      const answered = once(pair.carrier, 'data')
      t.mock.timers.tick(intervalMs)
      await answered
    }
    assert.equal(pair.stream.destroyed, false)
  })

  test('goes on while the reader of its client has stopped: it sees no ping before it reads on', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    await using pair = await openPair()
    pair.peer.pause()
    await new Promise((resolve) => pair.stream.resume().write('unread', resolve))
    t.mock.timers.tick(10 * intervalMs)
    assert.equal(pair.stream.destroyed, false)
  })

  test('goes on while nobody reads from it here: pongs wait behind what is unread', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    await using pair = await openPair()
    const paused = new Promise<void>((resolve) => pair.carrier.once('pause', resolve))
    pair.peer.write(masked('x'.repeat(60_000)))
    pair.peer.write(masked('x'.repeat(60_000)))
    pair.stream.read(0)
    await paused
    t.mock.timers.tick(10 * intervalMs)
    assert.equal(pair.stream.destroyed, false)
  })
})

interface Pair extends AsyncDisposable {
  readonly stream: Duplex
  readonly carrier: Socket
  /** The client's connection; its handshake is taken for granted. */
  readonly peer: Socket & { resetAndDestroySoon(): void }
}

async function openPair(options: Partial<WebSocketBytesOptions> = {}): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [carrier] = await accepted
  socket.on('error', () => undefined)
  const stream = bytesOverWebSocket(carrier, { side: 'server', ...options })
  stream.on('error', () => undefined)
  return {
    stream,
    carrier,
    // As a program does that closes its socket: an end at once, a reset to whatever comes then.
    peer: Object.assign(socket, {
      resetAndDestroySoon: () => void socket.end(() => socket.destroy()),
    }),
    async [Symbol.asyncDispose]() {
      socket.destroy()
      stream.destroy()
      carrier.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A frame of a client, masked with zeros. */
function masked(
  text: string,
  kind: 'binary' | 'pong' = 'binary',
  payload: Buffer = Buffer.from(text),
): Buffer {
  return Buffer.concat([encodeFrameHead(kind, payload.length, Buffer.alloc(4)), payload])
}

/** A client's close, masked with zeros. */
function closeOf(code: number | undefined): Buffer {
  const payload = code === undefined ? [] : [code >> 8, code & 0xff]
  return Buffer.from([0x88, 0x80 | payload.length, 0, 0, 0, 0, ...payload])
}

function answerPings(peer: Socket): void {
  const reader = createFrameReader({ isMasked: false })
  peer.on('data', (chunk: Buffer) => {
    for (const part of reader.read(chunk))
      if (part.kind === 'ping') peer.write(masked('', 'pong', part.payload))
  })
}

async function gather(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(stream, 'end')
  return Buffer.concat(chunks)
}

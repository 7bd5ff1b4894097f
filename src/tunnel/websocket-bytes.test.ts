import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import { bytesOverWebSocket, type WebSocketBytesOptions } from './websocket-bytes.ts'
import { createFrameReader, encodeFrameHead } from './websocket-frames.ts'

const intervalMs = 25_000

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

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import { WebSocket, WebSocketServer } from './ws.ts'
import { relaySuite } from '../net/relay.suite.ts'
import { pingIntervalMs, tunnelOverWebSocket, webSocketBounds } from './websocket-stream.ts'
import { encodeEnd, initialCredit, maxMessageBytes, messageOverhead } from './websocket.ts'

const window = 256 * 1024

relaySuite({
  name: 'a WebSocket',
  tellsReset: true,
  async open() {
    const { client, server, close } = await openPair()
    return {
      near: tunnelOverWebSocket(client, window),
      far: tunnelOverWebSocket(server, window),
      close,
    }
  },
})

describe('a tunnel over a WebSocket', () => {
  test('carries what was said before anybody read, and both ends, and then closes with 1000', async () => {
    await using pair = await openPair()
    const [near, far] = [
      tunnelOverWebSocket(pair.client, window),
      tunnelOverWebSocket(pair.server, window),
    ]
    const closed = once(pair.client, 'close')
    near.end('up')
    far.end('down')
    assert.deepEqual([await text(far), await text(near)], ['up', 'down'])
    const [code] = (await closed) as [number]
    assert.equal(code, 1000)
  })

  test('a reader that stops lets the control messages through', async () => {
    await using pair = await openPair()
    const near = tunnelOverWebSocket(pair.client, window)
    const far = tunnelOverWebSocket(pair.server, window)
    // More than the window: the sender waits, and the abort overtakes what it holds.
    near.write(randomBytes(2 * window))
    await once(pair.server, 'message')
    const lost = once(far, 'error')
    near.destroy()
    const [error] = (await lost) as [Error]
    assert.match(error.message, /aborted by the other side/)
  })

  test('a line that is slow is given the time for the last bytes', async (t) => {
    await using pair = await openPair()
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const far = tunnelOverWebSocket(pair.server, window)
    pair.client.send(encodeEnd())
    await once(far.resume(), 'end')
    pair.client.pause()
    far.end(randomBytes(1_000))
    await once(far, 'close')
    t.mock.timers.tick(5 * 60_000)
    const closed = once(pair.server, 'close')
    pair.client.resume()
    const [code] = (await closed) as [number]
    assert.equal(code, 1000)
  })

  test('a peer that never says it has the last bytes is cut in the end', async (t) => {
    await using pair = await openPair({ autoPong: false })
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const far = tunnelOverWebSocket(pair.server, window)
    pair.client.send(encodeEnd())
    await once(far.resume(), 'end')
    far.end()
    await once(far, 'close')
    const closed = once(pair.server, 'close')
    t.mock.timers.tick(10 * 60_000)
    const [code] = (await closed) as [number]
    assert.equal(code, 1006)
  })

  test('a peer that is lost after its own end leaves an error, and no end', async () => {
    await using pair = await openPair()
    const far = tunnelOverWebSocket(pair.server, window)
    const ended = once(far.resume(), 'end')
    pair.client.send(encodeEnd())
    await ended
    const failed = once(far, 'error')
    far.write('an answer that nobody gets')
    pair.client.terminate()
    await failed
  })

  test('a sender that takes more than its credit is cut', async () => {
    await using pair = await openPair()
    const far = tunnelOverWebSocket(pair.server, initialCredit)
    const failed = once(far, 'error')
    pair.client.send(Buffer.alloc(initialCredit - messageOverhead))
    pair.client.send(Buffer.alloc(1))
    const [error] = (await failed) as [Error]
    assert.match(error.message, /more than it may/)
    const [code] = (await once(pair.client, 'close')) as [number]
    assert.equal(code, 4000)
  })

  test('many tiny messages are no way around the credit', async () => {
    await using pair = await openPair()
    const far = tunnelOverWebSocket(pair.server, initialCredit)
    const failed = once(far, 'error')
    for (let sent = 0; sent <= initialCredit / messageOverhead; sent += 1) {
      pair.client.send(Buffer.alloc(1))
    }
    await failed
  })

  const faults: Record<string, (client: WebSocket) => void> = {
    'an unknown text message': (client) => client.send('hello'),
    'a text message of any length': (client) => client.send('x'.repeat(60_000)),
    'bytes after the end': (client) => {
      client.send(encodeEnd())
      client.send(Buffer.from('x'))
    },
    'a second end': (client) => {
      client.send(encodeEnd())
      client.send(encodeEnd())
    },
    'a message that is too long': (client) => client.send(Buffer.alloc(maxMessageBytes + 1)),
    'more credit than anybody may hold': (client) => {
      for (let given = 0; given < 10; given += 1) client.send('credit 16777216')
    },
    'a close without the ends': (client) => client.close(1000),
    'a connection that ends without a word': (client) => client.terminate(),
  }
  for (const [name, act] of Object.entries(faults)) {
    test(`${name} aborts the tunnel`, async () => {
      await using pair = await openPair()
      const far = tunnelOverWebSocket(pair.server, window)
      let sawEnd = false
      far.on('end', () => (sawEnd = true))
      const failed = once(far, 'error')
      pair.client.on('error', () => undefined)
      act(pair.client)
      await failed
      assert.equal(sawEnd, false)
    })
  }

  test('pings, and takes a peer that shows no sign of life for lost', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    await using pair = await openPair({ autoPong: false })
    const far = tunnelOverWebSocket(pair.server, window)
    const failed = once(far, 'error')
    const pinged = once(pair.client, 'ping')
    t.mock.timers.tick(pingIntervalMs)
    await pinged
    // Whatever comes counts: nobody has to answer a PING while there is something to say.
    const heard = once(pair.server, 'message')
    pair.client.send(Buffer.from('x'))
    await heard
    t.mock.timers.tick(pingIntervalMs)
    t.mock.timers.tick(pingIntervalMs)
    assert.equal(far.destroyed, false)
    t.mock.timers.tick(pingIntervalMs)
    const [error] = (await failed) as [Error]
    assert.match(error.message, /lost/)
  })

  test('a peer that is lost while nobody reads what it sent is noticed as well', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    await using pair = await openPair({ autoPong: false })
    const far = tunnelOverWebSocket(pair.server, window)
    const failed = once(far, 'error')
    const heard = once(pair.server, 'message')
    pair.client.send(Buffer.alloc(maxMessageBytes - messageOverhead))
    await heard
    assert.equal(far.readableFlowing, null)
    for (let interval = 0; interval < 3; interval += 1) t.mock.timers.tick(pingIntervalMs)
    const [error] = (await failed) as [Error]
    assert.match(error.message, /lost/)
  })

  test('a peer that answers its PINGs is kept while nobody says anything', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    await using pair = await openPair()
    const far = tunnelOverWebSocket(pair.server, window)
    for (let interval = 0; interval < 5; interval += 1) {
      const answered = once(pair.server, 'pong')
      t.mock.timers.tick(pingIntervalMs)
      await answered
    }
    assert.equal(far.destroyed, false)
    far.on('error', () => undefined)
  })
})

interface Pair extends AsyncDisposable {
  readonly client: WebSocket
  readonly server: WebSocket
  close(): void
}

async function openPair(options: { autoPong?: boolean } = {}): Promise<Pair> {
  const http = createServer()
  const sockets = new WebSocketServer({ noServer: true, ...webSocketBounds })
  const accepted = new Promise<WebSocket>((resolve) => {
    http.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      sockets.handleUpgrade(request, socket, head, resolve)
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { ...webSocketBounds, ...options })
  const [server] = await Promise.all([accepted, once(client, 'open')])
  const close = (): void => {
    client.terminate()
    server.terminate()
    http.close()
  }
  return { client, server, close, [Symbol.asyncDispose]: () => Promise.resolve(close()) }
}

async function text(stream: Duplex): Promise<string> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(stream, 'end')
  return Buffer.concat(chunks).toString()
}

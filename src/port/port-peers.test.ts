import assert from 'node:assert/strict'
import { once, type EventEmitter } from 'node:events'
import * as http2 from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { createFakeClock } from '../fake-clock.ts'
import { connectHead, connectTls } from '../gateway/gateway.fixture.ts'
import { allowTunnelStreams } from './http/http2-streams.ts'
import { createTestPeers } from './peers/peers.fixture.ts'
import type { PeersOptions } from './peers/peers.ts'
import type { PortHandlers } from './http/port-handlers.ts'
import { openTestPort } from './port.fixture.ts'

const stallMs = 300
const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

interface TestPort {
  readonly port: number
  /** Resolves to the first end that is reported, with its address. */
  readonly ended: Promise<string>
  /** All of them so far. */
  readonly ends: string[]
}

async function open(
  t: TestContext,
  handlers: Partial<PortHandlers> = {},
  options: Partial<PeersOptions> = {},
): Promise<TestPort> {
  const ends: string[] = []
  const { promise, resolve } = Promise.withResolvers<string>()
  const peers = createTestPeers({
    report(end, ip) {
      ends.push(`${end} ${ip}`)
      resolve(`${end} ${ip}`)
    },
    ...options,
  })
  const port = await openTestPort(t, { handlers, peers })
  return { port: port.address.port, ended: promise, ends }
}

async function secure(
  t: TestContext,
  { port }: TestPort,
  alpn: 'h2' | 'http/1.1',
): Promise<TLSSocket> {
  const socket = await connectTls(port, [alpn])
  socket.on('error', () => undefined)
  t.after(() => socket.destroy())
  return socket
}

async function session(
  t: TestContext,
  port: TestPort,
  settings: http2.Settings = {},
): Promise<http2.ClientHttp2Session> {
  const socket = await secure(t, port, 'h2')
  const client = http2.connect('https://localhost', { createConnection: () => socket, settings })
  client.on('error', () => undefined)
  t.after(() => client.destroy())
  await once(client, 'remoteSettings')
  return client
}

async function openTunnel(client: http2.ClientHttp2Session): Promise<http2.ClientHttp2Stream> {
  const target = { ':method': 'CONNECT', ':authority': 'a:1' }
  const tunnel = client.request(target, { endStream: false })
  tunnel.on('error', () => undefined)
  await once(tunnel, 'response')
  return tunnel
}

/** Gives every tunnel back what it sends. */
const echoing: Pick<PortHandlers, 'connectHttp2'> = {
  async connectHttp2(stream) {
    allowTunnelStreams(stream.session as http2.ServerHttp2Session)
    // On Bun a stream hears how its connection was lost.
    stream.on('error', () => undefined).respond({ ':status': 200 })
    stream.pipe(stream)
    await closing(stream)
  },
}

/** Resolves when a stream has closed, whatever the reason. */
function closing(stream: EventEmitter): Promise<void> {
  return new Promise((resolve) => stream.once('close', () => resolve()))
}

/** Resolves when the other side has ended a connection, in order or not. */
function ending(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('end', () => resolve()).once('close', () => resolve())
  })
}

const large = Buffer.alloc(16 * 1024 * 1024)

describe('requests over HTTP/1.1 before the last answer has left', () => {
  test('do no work until it has, and are answered in their order', async (t) => {
    const answers: (() => void)[] = []
    const { promise: asked, resolve } = Promise.withResolvers<void>()
    const port = await open(t, {
      request(request, response) {
        answers.push(() => void response.end(`${request.url} `))
        resolve()
      },
    })
    const socket = await secure(t, port, 'http/1.1')
    const heads = ['/a', '/b', '/c'].map((path) => get.replace('/', path))
    socket.write(heads.join(''))
    await asked
    let said = ''
    socket.on('data', (chunk: Buffer) => (said += chunk.toString()))
    for (const path of ['/a', '/b', '/c']) {
      assert.equal(answers.length, 1, path)
      answers.shift()?.()
      while (!said.includes(`${path} `)) await once(socket, 'data')
    }
    assert.deepEqual(port.ends, [])
  })

  test('are at most eight, or the connection is closed', async (t) => {
    let served = 0
    const port = await open(t, { request: () => (served += 1) })
    const polite = await secure(t, port, 'http/1.1')
    polite.write(get.repeat(9))
    const hasty = await secure(t, port, 'http/1.1')
    const closed = ending(hasty)
    hasty.resume().write(get.repeat(400))
    assert.equal(await port.ended, 'pipelined 127.0.0.1')
    await closed
    assert.equal(polite.destroyed, false)
    assert.equal(served, 2)
    assert.equal(port.ends.length, 1)
  })

  test('are at most eight when they expect something, too', async (t) => {
    let served = 0
    const port = await open(t, { request: () => (served += 1) })
    const socket = await secure(t, port, 'http/1.1')
    const closed = ending(socket)
    socket.resume().write(get.replace('\r\n\r\n', '\r\nExpect: the-moon\r\n\r\n').repeat(400))
    assert.equal(await port.ended, 'pipelined 127.0.0.1')
    await closed
    assert.equal(served, 1)
  })
})

describe('requests over HTTP/2', () => {
  test('are at most 32 at once beside a tunnel, and others may come again', async (t) => {
    let served = 0
    const { promise: full, resolve } = Promise.withResolvers<void>()
    const port = await open(t, {
      ...echoing,
      request() {
        served += 1
        if (served === 32) resolve()
      },
    })
    const client = await session(t, port)
    const changed = once(client, 'remoteSettings')
    await openTunnel(client)
    // Until then the client itself sends no more than 32.
    await changed
    const streams = Array.from({ length: 40 }, () => client.request({ ':path': '/' }))
    for (const stream of streams) stream.on('error', () => undefined)
    const refused = streams.slice(32)
    await Promise.all([full, ...refused.map(closing)])
    const { NGHTTP2_REFUSED_STREAM: code } = http2.constants
    assert.deepEqual(
      refused.map(({ rstCode }) => rstCode),
      refused.map(() => code),
    )
    assert.equal(served, 32)
    assert.deepEqual(port.ends, [])
  })

  test('begin a few in each turn of the event loop, however many came at once', async (t) => {
    const { promise: all, resolve } = Promise.withResolvers<void>()
    const perTurn: number[] = []
    let served = 0
    let inTurn = 0
    const port = await open(t, {
      request() {
        served += 1
        inTurn += 1
        if (inTurn === 1) {
          setImmediate(() => {
            perTurn.push(inTurn)
            inTurn = 0
            if (served === 32) resolve()
          })
        }
      },
    })
    const client = await session(t, port)
    for (let asked = 0; asked < 32; asked += 1) {
      client.request({ ':path': '/' }).on('error', () => undefined)
    }
    await all
    assert.ok(Math.max(...perTurn) <= 16, perTurn.join(' '))
  })
})

describe('what makes no progress', () => {
  const readers: Readonly<Record<string, (t: TestContext, port: TestPort) => Promise<void>>> = {
    'an answer over HTTP/1.1 that nobody reads': async (t, port) => {
      const socket = await secure(t, port, 'http/1.1')
      socket.pause().write(get)
    },
    'an answer over HTTP/2 without a window': async (t, port) => {
      const client = await session(t, port, { initialWindowSize: 0 })
      client.request({ ':path': '/' }).on('error', () => undefined)
    },
    'a body over HTTP/1.1 that never comes': async (t, port) => {
      const socket = await secure(t, port, 'http/1.1')
      socket.write('POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n')
    },
    'a body over HTTP/2 that never comes': async (t, port) => {
      const client = await session(t, port)
      client.request({ ':path': '/form', ':method': 'POST' }).on('error', () => undefined)
    },
    'an HTTP/2 connection without its preface': async (t, port) => {
      await secure(t, port, 'h2')
    },
  }
  for (const [name, stall] of Object.entries(readers)) {
    test(`${name} is closed`, async (t) => {
      const port = await open(
        t,
        {
          request(request, response) {
            if (request.url !== '/form') response.end(large)
          },
        },
        { stallMs },
      )
      await stall(t, port)
      assert.equal(await port.ended, 'stalled 127.0.0.1')
    })
  }

  test('is reset alone on a connection with a tunnel', async (t) => {
    const port = await open(
      t,
      {
        request: (_request, response) => void response.end(large),
        ...echoing,
      },
      { stallMs },
    )
    const client = await session(t, port, { initialWindowSize: 0 })
    const tunnel = await openTunnel(client)
    const page = client.request({ ':path': '/' })
    await closing(page.on('error', () => undefined))
    assert.equal(await port.ended, 'stalled 127.0.0.1')
    // The same connection, and the same tunnel.
    client.settings({ initialWindowSize: 65_535 })
    const second = await openTunnel(client)
    second.write('still here')
    const [echoed] = (await once(second, 'data')) as [Buffer]
    assert.equal(echoed.toString(), 'still here')
    assert.equal(tunnel.destroyed, false)
  })

  test('is not a slow upload', async (t) => {
    const clock = createFakeClock()
    let bytes = 0
    const port = await open(
      t,
      {
        request(request, response) {
          request.on('data', (chunk: Buffer) => (bytes += chunk.length))
          request.on('end', () => response.end('done'))
        },
      },
      { clock, stallMs },
    )
    const socket = await secure(t, port, 'http/1.1')
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n')
    const answered = once(socket, 'data') as Promise<[Buffer]>
    for (let sent = 1; sent <= 8; sent += 1) {
      socket.write('x')
      await until(() => bytes === sent || port.ends.length > 0)
      clock.advance(stallMs - 1)
    }
    assert.deepEqual(port.ends, [])
    assert.match(String((await answered)[0]), /done$/)
  })
})

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await nextTurn()
}

/** A frame of HTTP/2 (RFC 9113 §4.1). */
function frame(type: number, payload: Buffer, stream = 0): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

const preface = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  frame(4, Buffer.alloc(0)),
])

describe('frames without payload', () => {
  for (const [name, one, perPiece] of [
    ['WINDOW_UPDATE', frame(8, Buffer.from([0, 0, 0, 1])), 1_000],
    // Of more than 1,000 at once nghttp2 itself has enough.
    ['PING', frame(6, Buffer.alloc(8)), 100],
    // Node ends it at the first (RFC 9113 §5.1), Bun answers each with a reset.
    ['DATA for a stream that never began', frame(0, Buffer.alloc(0), 99), 1_000],
  ] as const) {
    test(`a flood of ${name} ends its connection`, async (t) => {
      const port = await open(t)
      const socket = await secure(t, port, 'h2')
      const ended = ending(socket)
      socket.resume().write(preface)
      const many = Buffer.alloc(one.length * perPiece, one)
      // As fast as they are taken, until the gateway has had enough.
      const pour = (): void => void (socket.writable && socket.write(many, pour))
      pour()
      await ended
      if (name === 'WINDOW_UPDATE') assert.deepEqual(port.ends, ['flood 127.0.0.1'])
    })
  }

  test('of a fast transfer, either way, are none too many', async (t) => {
    const port = await open(t, echoing)
    const client = await session(t, port)
    const tunnel = await openTunnel(client)
    const goal = 96 * 1024 * 1024
    const untilMs = performance.now() + 2_500
    const piece = Buffer.alloc(64 * 1024)
    let sent = 0
    const pour = (): void => {
      sent += piece.length
      if (sent < goal && performance.now() < untilMs) tunnel.write(piece, pour)
      else tunnel.end(piece)
    }
    pour()
    let received = 0
    tunnel.on('data', (chunk: Buffer) => (received += chunk.length))
    await once(tunnel, 'end')
    assert.ok(received >= sent)
    assert.deepEqual(port.ends, [])
  })

  test('are not what was under way to tunnels that are cut', async (t) => {
    const port = await open(t, {
      async connectHttp2(stream) {
        stream.on('error', () => undefined).respond({ ':status': 200 })
        stream.on('data', (chunk: Buffer) => {
          if (chunk.length === 1) stream.write(chunk)
          else stream.destroy(new Error('cut'))
        })
        await closing(stream)
      },
    })
    const client = await session(t, port)
    const quiet = await openTunnel(client)
    const uploads = await Promise.all(Array.from({ length: 6 }, () => openTunnel(client)))
    for (const upload of uploads) upload.write(Buffer.alloc(1024 * 1024))
    const lost = closing(quiet)
    const untilMs = performance.now() + 2_500
    while (performance.now() < untilMs && !quiet.closed) {
      quiet.write('x')
      await Promise.race([new Promise((resolve) => quiet.once('data', resolve)), lost])
    }
    assert.ok(uploads.every(({ closed }) => closed))
    assert.deepEqual(port.ends, [])
  })

  test('of one who types very fast are none too many', async (t) => {
    const port = await open(t, echoing)
    const client = await session(t, port)
    const tunnel = await openTunnel(client)
    const untilMs = performance.now() + 2_500
    while (performance.now() < untilMs) {
      tunnel.write('x')
      await once(tunnel, 'data')
    }
    assert.deepEqual(port.ends, [])
  })
})

describe('connections that carry nothing', () => {
  test('make room for others, those in their handshake first of all', async (t) => {
    const limits = { maxConnectionsPerAddress: 3, maxConnections: 0 }
    const port = await open(
      t,
      { request: (_request, response) => void response.end('page') },
      { limits },
    )
    const silent = Array.from({ length: 3 }, () => connectTcp(port.port, '127.0.0.1'))
    await Promise.all(silent.map((socket) => once(socket.resume(), 'connect')))
    const closed = Promise.race(silent.map((socket) => once(socket, 'close')))
    const socket = await secure(t, port, 'http/1.1')
    socket.write(get)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    assert.match(answer.toString(), /page$/)
    await closed
    assert.deepEqual(port.ends, ['address-limit 127.0.0.1'])
    for (const one of silent) one.destroy()
  })

  test('are those whose CONNECT was refused, too', async (t) => {
    const limits = { maxConnectionsPerAddress: 1, maxConnections: 0 }
    const port = await open(t, {}, { limits })
    const first = await secure(t, port, 'http/1.1')
    first.write(connectHead('a.example.com:1'))
    await secure(t, port, 'http/1.1')
    assert.equal(await port.ended, 'address-limit 127.0.0.1')
  })
})

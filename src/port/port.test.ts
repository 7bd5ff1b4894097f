import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { duplexPair } from 'node:stream'
import { test } from 'node:test'
import * as tls from 'node:tls'
import { connectHead, connectTls } from '../gateway/gateway.fixture.ts'
import { collectGarbage } from '../net/runtime.ts'
import { openTestPort } from './port.fixture.ts'
import { createProxyAdmission } from './proxy-admission.ts'

test('connections that never finish their handshake are given back', async (t) => {
  const port = await openTestPort(t, { handshakeTimeoutMs: 200 })
  const sockets = ['', '\x16\x03\x01', 'GET / HTTP/1.1\r\n\r\n'].map((beginning) => {
    const socket = connect({ port: port.address.port, host: '127.0.0.1', allowHalfOpen: true })
    // Its end alone, as a load balancer's health check sends it, must not keep the descriptor.
    socket.on('error', () => undefined).resume()
    socket.end(beginning)
    return socket
  })
  await Promise.all(sockets.map((socket) => once(socket, 'close')))
})

test('a handshake that stalls in the middle, or comes byte by byte, is given back', async (t) => {
  const port = await openTestPort(t, { handshakeTimeoutMs: 2_000 })
  // Longer than this test may take.
  const long = Buffer.from([22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc])
  const sockets = [await clientHello(), long].map((beginning) => {
    const socket = connect({ port: port.address.port, host: '127.0.0.1' })
    socket.on('error', () => undefined).write(beginning)
    return socket
  })
  const [stalled, slow] = sockets
  let answered = 0
  stalled?.on('data', ({ length }: Buffer) => (answered += length))
  const timer = setInterval(() => slow?.resume().write('.'), 20)
  t.after(() => clearInterval(timer))
  // A reset is an end as well.
  await Promise.all(
    sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))),
  )
  assert.ok(answered > 500, 'the handshake was under way')
})

test(
  'whoever ends in the middle of a handshake is let go of at once',
  { timeout: 10_000 },
  async (t) => {
    const port = await openTestPort(t, { handshakeTimeoutMs: 600_000 })
    const sockets = [Buffer.from('\x16\x03\x01', 'latin1'), await clientHello()].map(
      (beginning) => {
        const socket = connect({ port: port.address.port, host: '127.0.0.1', allowHalfOpen: true })
        socket.on('error', () => undefined).resume()
        socket.end(beginning)
        return socket
      },
    )
    await Promise.all(sockets.map((socket) => once(socket, 'close')))
  },
)

test('connections without a finished handshake do not hold up the end', async (t) => {
  const port = await openTestPort(t)
  const sockets = ['', '\x16\x03\x01'].map((beginning) => {
    const socket = connect({ port: port.address.port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => undefined).resume()
    socket.end(beginning)
    return socket
  })
  const closed = Promise.all(sockets.map((socket) => once(socket, 'close')))
  // Accepted after them, so that they are known to the port.
  const last = await connectTls(port.address.port)
  last.end()
  port.stopAccepting()
  await closed
  await port.emptied()
})

test('a connection that stays does not keep the pool of buffers that it began in', async (t) => {
  const port = await openTestPort(t)
  // Unlike a list, this is copied into a buffer of its own at the client, which is the same process here.
  const ALPNProtocols = new DataView(Uint8Array.from([2, ...Buffer.from('h2')]).buffer)
  const openMany = async (count: number): Promise<void> => {
    for (let connection = 0; connection < count; connection++) {
      const socket = await connectTls(port.address.port, [], { ALPNProtocols })
      t.after(() => socket.destroy())
      // The work of others meanwhile.
      for (let bytes = 0; bytes < Buffer.poolSize; bytes += 1_024) Buffer.from('x'.repeat(1_024))
    }
  }
  const held = (): number => {
    collectGarbage(Infinity)
    return process.memoryUsage().arrayBuffers
  }
  await openMany(5)
  const before = held()
  await openMany(50)
  const each = (held() - before) / 50 / 1_024
  assert.ok(each < 16, `${each} KiB each`)
})

test('a connection without the PROXY header it needs is given back, and named', async (t) => {
  const { promise: reported, resolve: report } = Promise.withResolvers<unknown>()
  const refused = { report: (...line: string[]) => report(line) }
  const settings = { use: true, from: undefined }
  const admission = createProxyAdmission(settings, refused, { headerTimeoutMs: 200 })
  const port = await openTestPort(t, { admission })
  const socket = connect({ port: port.address.port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined).resume()
  const closed = once(
    socket.on('end', () => socket.end()),
    'close',
  )
  socket.write('PROXY TCP4 203.0.113.9')
  await once(socket, 'connect')
  assert.deepEqual(await reported, ['no whole PROXY header came in time', '127.0.0.1'])
  await closed
})

test('a CONNECT behind a page that is still being answered opens nothing', async (t) => {
  let tunnels = 0
  const connectHttp1 = async (): Promise<void> => void (tunnels += 1)
  const port = await openTestPort(t, { handlers: { connectHttp1 } })
  const socket = await connectTls(port.address.port)
  socket.on('error', () => undefined).resume()
  socket.write(`GET /slow HTTP/1.1\r\nHost: a\r\n\r\n${connectHead('a.example.com:1')}`)
  await once(socket, 'end')
  assert.equal(tunnels, 0)
})

test('a CONNECT behind a page that has been answered is a tunnel', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const port = await openTestPort(t, {
    handlers: {
      request: (_request, response) => void response.end('page'),
      connectHttp1: async (_request, socket) => void socket.end(() => resolve()),
    },
  })
  const socket = await connectTls(port.address.port)
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(socket, 'data')
  socket.end(connectHead('a.example.com:1'))
  await promise
})

/** The first record of a client. */
async function clientHello(): Promise<Buffer> {
  const [client, server] = duplexPair()
  const socket = tls.connect({ socket: client, servername: 'localhost' })
  socket.on('error', () => undefined)
  const [record] = (await once(server, 'data')) as [Buffer]
  socket.destroy()
  return record
}

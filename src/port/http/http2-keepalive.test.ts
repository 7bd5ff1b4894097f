import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { connect, createServer, type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import * as tls from 'node:tls'
import { runsOn } from '../../net/beneath.ts'
import { createCertificateAuthority } from '../../net/certificate.ts'
import { keepSessionAlive, type KeepAliveOptions } from './http2-keepalive.ts'

const authority = await createCertificateAuthority()

/** What a client sends first: the preface and an empty SETTINGS frame (RFC 9113 §3.4). */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1')

/** GOAWAY with NO_ERROR (RFC 9113 §6.8). */
const goAway = Buffer.from('0000080700000000000000000000000000', 'hex')

test('a peer that does not answer PING is dropped', async (t) => {
  const port = await serve(t, { intervalMs: 50, idleTimeoutMs: 0 })
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => undefined).resume()
  socket.write(preface)
  await once(socket, 'close')
})

test('a peer that says it goes and keeps the connection is dropped, and breaks nothing', async (t) => {
  const { port, dropped } = await serveDropping(t, { intervalMs: 50, idleTimeoutMs: 0 })
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined).resume()
  socket.write(Buffer.concat([preface, goAway]))
  await dropped
  socket.destroy()
})

test('a peer that keeps an idle connection although it was told to go is dropped', async (t) => {
  const { port, dropped } = await serveDropping(t, { intervalMs: 10_000, idleTimeoutMs: 50 })
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined).resume()
  socket.write(preface)
  await dropped
  socket.destroy()
})

test('a peer that answers stays, also without a stream', async (t) => {
  const port = await serveTls(t, { intervalMs: 20, idleTimeoutMs: 0 })
  const session = http2.connect(`https://localhost:${port}`, { ca: authority.cert })
  let pings = 0
  const fifthPing = new Promise<void>((resolve) =>
    session.on('ping', () => (pings += 1) === 5 && resolve()),
  )
  await fifthPing
  assert.equal(session.closed, false)
  session.destroy()
})

test('a connection without a stream is closed after its time, one with a stream is not', async (t) => {
  // No look before the stream is there, however long that takes.
  t.mock.timers.enable({ apis: ['setInterval'] })
  const port = await serve(t, { intervalMs: 10_000, idleTimeoutMs: 60 })
  const [idle, busy] = [
    http2.connect(`http://127.0.0.1:${port}`),
    http2.connect(`http://127.0.0.1:${port}`),
  ]
  const stream = busy.request({ ':method': 'POST', ':path': '/' }, { endStream: false })
  await once(stream, 'response')
  await lookUntil(t, once(idle, 'close'))
  assert.equal(busy.closed, false)
  stream.close()
  await lookUntil(t, once(busy, 'close'))
})

async function lookUntil(t: TestContext, done: Promise<unknown>): Promise<void> {
  do t.mock.timers.tick(60)
  while ((await Promise.race([done, nextTurn()])) === undefined)
}

/** A server that keeps its sessions; `dropped` once its first connection has been given back. */
async function serveDropping(
  t: TestContext,
  options: KeepAliveOptions,
): Promise<{ port: number; dropped: Promise<void> }> {
  const { promise: dropped, resolve } = Promise.withResolvers<void>()
  const server = http2.createServer()
  server.on('sessionError', () => undefined)
  server.prependListener('connection', (socket) => {
    socket.on('error', () => undefined).on('close', () => resolve())
    server.once('session', (session) => keepSessionAlive(session, socket, options))
  })
  server.on('stream', (stream: http2.ServerHttp2Stream) => {
    stream.on('error', () => undefined)
    stream.respond({ ':status': 200 })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { port: (server.address() as AddressInfo).port, dropped }
}

/** As the port does it: what is counted of a connection is that of its TLS. */
async function serveTls(t: TestContext, options: KeepAliveOptions): Promise<number> {
  const [server, secure] = [
    http2.createServer(),
    tls.createServer({ ...(await authority.issue(['localhost'])), ALPNProtocols: ['h2'] }),
  ]
  const listener = createServer((connection) => {
    connection.on('error', () => undefined)
    secure.once('secureConnection', (socket: tls.TLSSocket) => {
      runsOn(socket, connection)
      server.once('session', (session) => keepSessionAlive(session, socket, options))
      server.emit('connection', socket)
    })
    secure.emit('connection', connection)
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.after(() => listener.close())
  return (listener.address() as AddressInfo).port
}

async function serve(t: TestContext, options: KeepAliveOptions): Promise<number> {
  return (await serveDropping(t, options)).port
}

import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { endWithPeer } from './http2-peer-end.ts'

const content = Buffer.alloc(40_000, 'x')

test('a stream that was complete when the peer ended the connection is read to its end', async (t) => {
  const { session, socket, served, serverSession, accepted } = await startSession(t)
  const stream = session.request({ ':method': 'POST' }, { endStream: false })
  const server = await served
  // As a relay whose other side takes no more: a stream that nobody ever read is thrown away by Node.
  server.pause().respond({ ':status': 200 })
  server.end()
  stream.resume().end(content)
  await once(stream, 'close')
  socket.end()
  await once(await accepted, 'end')
  const ending = await serverSession
  assert.equal(ending.destroyed, false)
  let readBytes = 0
  server.on('data', (chunk: Buffer) => (readBytes += chunk.length)).resume()
  await once(server, 'end')
  assert.equal(readBytes, content.length)
  if (!ending.destroyed) await once(ending, 'close')
})

test('a stream that was not complete is aborted', async (t) => {
  const { session, socket, served } = await startSession(t)
  const stream = session.request({ ':method': 'POST' }, { endStream: false })
  stream.on('error', () => undefined)
  const server = await served
  server.respond({ ':status': 200 })
  await once(stream, 'response')
  const failed = once(server, 'error') as Promise<[Error]>
  socket.end()
  const [error] = await failed.catch((reason: Error) => [reason])
  assert.match(error.message, /ended the connection/)
  assert.equal(server.aborted, true)
})

test('a session without streams ends with its connection', async (t) => {
  const { socket, serverSession } = await startSession(t)
  socket.end()
  const session = await serverSession
  if (!session.destroyed) await once(session, 'close')
})

test('however slowly a stream is read, no more waits than its credit and what is asked for ahead', async (t) => {
  const { session, served } = await startSession(t)
  const stream = session.request({ ':method': 'POST' }, { endStream: false })
  stream.on('error', () => undefined)
  const server = await served
  server.on('error', () => undefined).respond({ ':status': 200 })
  stream.write(Buffer.alloc(8 * 1024 * 1024))
  const most = creditBytes + server.readableHighWaterMark
  for (let pieces = 0; pieces < 40; pieces += 1) {
    const piece = once(server, 'data')
    server.once('data', () => server.pause()).resume()
    await piece
    // What has credit is here before the answer.
    await new Promise((resolve) => session.ping(resolve))
    assert.ok(server.readableLength <= most, `${server.readableLength} bytes wait`)
  }
})

/** What a stream begins with (RFC 9113 §6.9.2). */
const creditBytes = 65_535

interface Rig {
  readonly session: http2.ClientHttp2Session
  readonly socket: Socket
  /** The server's side of the first stream, unread. */
  readonly served: Promise<http2.ServerHttp2Stream>
  readonly serverSession: Promise<http2.ServerHttp2Session>
  /** The server's side of the connection. */
  readonly accepted: Promise<Socket>
}

async function startSession(t: TestContext): Promise<Rig> {
  const served = Promise.withResolvers<http2.ServerHttp2Stream>()
  const accepted = Promise.withResolvers<Socket>()
  const opened = Promise.withResolvers<http2.ServerHttp2Session>()
  const server = http2.createServer()
  server.on('session', (session) => {
    session.on('stream', endWithPeer(session, session.socket))
    opened.resolve(session)
  })
  server.on('stream', (stream: http2.ServerHttp2Stream) => served.resolve(stream))
  const listener = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined)
    accepted.resolve(socket)
    server.emit('connection', socket)
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1' })
  const session = http2.connect('http://localhost', { createConnection: () => socket })
  session.on('error', () => undefined)
  t.after(() => {
    session.destroy()
    listener.close()
  })
  await once(session, 'remoteSettings')
  return {
    session,
    socket,
    served: served.promise,
    serverSession: opened.promise,
    accepted: accepted.promise,
  }
}

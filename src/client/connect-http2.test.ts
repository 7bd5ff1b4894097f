import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { keepAliveMs } from '../net/dial.ts'
import { startTunnelSession, type TunnelSession } from './connect-http2.ts'

/** An empty SETTINGS frame, and GOAWAY with NO_ERROR (RFC 9113 §6.5, §6.8). */
const settings = Buffer.from('000000040000000000', 'hex')
const goAway = Buffer.from('0000080700000000000000000000000000', 'hex')

test('a connection whose gateway does not answer a PING gets no further tunnel', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { session } = await open(t)
  const opening = session.connect('a.example.com:1', {}, undefined)
  assert.equal(session.isUsable, true)
  t.mock.timers.tick(5_000)
  assert.equal(session.isUsable, false)
  session.destroy()
  await assert.rejects(opening)
})

test('a gateway that says it goes and keeps the connection breaks nothing', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { session, peer } = await open(t)
  peer.write(goAway)
  while (!session.isGone) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(session.isUsable, false)
  t.mock.timers.tick(3 * keepAliveMs)
})

test('a connection that has carried its last tunnel is closed after a while, and not before', async (t) => {
  const server = createHttp2Server()
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => undefined)
    stream.respond({ ':status': 200 })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const session = startTunnelSession(socket, `http://127.0.0.1:${port}`)
  t.after(() => session.destroy())
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const [first, second] = await Promise.all([tunnel(session), tunnel(session)])
  await ended(first)
  t.mock.timers.tick(60_000)
  assert.equal(session.isUsable, true)
  await ended(second)
  t.mock.timers.tick(4_999)
  assert.equal(session.isUsable, true)
  const third = await tunnel(session)
  t.mock.timers.tick(60_000)
  assert.equal(session.isUsable, true)
  await ended(third)
  const closed = once(socket, 'close')
  t.mock.timers.tick(5_000)
  assert.equal(session.isUsable, false)
  await closed
})

async function tunnel(session: TunnelSession): Promise<Duplex> {
  const answer = await session.connect('a.example.com:1', {})
  assert.ok(answer.tunnel)
  return answer.tunnel
}

async function ended(stream: Duplex): Promise<void> {
  const closed = once(stream, 'close')
  stream.destroy()
  await closed
}

/** A connection to a peer that begins as HTTP/2 does, and says nothing more by itself. */
async function open(t: TestContext): Promise<{ session: TunnelSession; peer: Socket }> {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const { port } = server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  const [peer] = await accepted
  peer.on('error', () => undefined).resume()
  peer.write(settings)
  const session = startTunnelSession(socket, `http://127.0.0.1:${port}`)
  t.after(() => {
    session.destroy()
    peer.destroy()
    socket.destroy()
    server.close()
  })
  return { session, peer }
}

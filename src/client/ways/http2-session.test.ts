import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  createServer as createHttp2Server,
  type ClientHttp2Stream,
  type ServerHttp2Stream,
} from 'node:http2'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { dial, keepAliveMs } from '../../net/dial.ts'
import { relay } from '../../net/relay.ts'
import { startTunnelSession, type TunnelSession } from './http2-session.ts'

/** What a client begins with (RFC 9113 §3.4). */
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
/** An empty SETTINGS frame, and GOAWAY with NO_ERROR (RFC 9113 §6.5, §6.8). */
const settings = Buffer.from('000000040000000000', 'hex')
/** The window of a client's SETTINGS counts from its acknowledgement on (§6.5.3). */
const acknowledged = Buffer.from('000000040100000000', 'hex')
/** HEADERS with `:status: 200`, and RST_STREAM with NO_ERROR, of the first stream (§6.2, §6.4). */
const accepted = frame(1, 4, Buffer.from([0x88]))
const closed = frame(3, 0, Buffer.alloc(4))
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

// Envoy, and with it a stock Pomerium, does so whenever a service ends first.
for (const size of [30_000, 3_000_001]) {
  test(`what came before a close arrives whole, and its end, at a program that reads late (${size} bytes)`, async (t) => {
    const { session, peer } = await open(t)
    const answer = randomBytes(size)
    const opening = session.connect('a.example.com:1', {})
    await untilHeaders(peer)
    peer.write(Buffer.concat([acknowledged, accepted, ...dataFrames(answer), frame(0, 1), closed]))
    const { tunnel } = await opening
    assert.ok(tunnel)
    const { program, near } = await openProgram(t)
    const end = relay(near, tunnel)
    if (!(tunnel as ClientHttp2Stream).aborted) await once(tunnel, 'aborted')
    const chunks: Buffer[] = []
    program.on('data', (chunk: Buffer) => chunks.push(chunk))
    await once(program, 'end')
    assert.ok(Buffer.concat(chunks).equals(answer))
    assert.equal((await end).cause, 'upstream-closed')
    assert.equal(near.destroyed, true)
  })
}

// The first window of a stream is 65,535 bytes (RFC 9113 §6.9.2), and nobody widens it.
for (const [sent, what] of [
  [65_536, 'waits'],
  [200_000, 'waits and is unread'],
] as const) {
  test(`a close is none in order where something of the program ${what}`, async (t) => {
    const { session, peer } = await open(t)
    const opening = session.connect('a.example.com:1', {})
    await untilHeaders(peer)
    peer.write(Buffer.concat([acknowledged, accepted]))
    const { tunnel } = await opening
    assert.ok(tunnel)
    const { program, near } = await openProgram(t)
    const end = relay(near, tunnel)
    program.resume().write(Buffer.alloc(sent))
    await new Promise<void>((resolve) => {
      near.on('data', () => (near.isPaused() || near.bytesRead === sent) && resolve())
    })
    peer.write(Buffer.concat([...dataFrames(Buffer.from('bye')), frame(0, 1), closed]))
    assert.equal((await end).cause, 'upstream-reset')
  })
}

test('a close is none in order where the program goes on before it has read the end', async (t) => {
  const { session, peer } = await open(t)
  const answer = randomBytes(3_000_000)
  const opening = session.connect('a.example.com:1', {})
  await untilHeaders(peer)
  peer.write(Buffer.concat([acknowledged, accepted, ...dataFrames(answer), frame(0, 1), closed]))
  const { tunnel } = await opening
  assert.ok(tunnel)
  const { program, near } = await openProgram(t)
  const end = relay(near, tunnel)
  if (!(tunnel as ClientHttp2Stream).aborted) await once(tunnel, 'aborted')
  program.write('and more')
  await once(near, 'data')
  program.resume()
  assert.equal((await end).cause, 'upstream-reset')
})

/** A frame of the first stream (RFC 9113 §4.1). */
function frame(type: number, flags: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.set([type, flags], 3)
  head.writeUInt32BE(1, 5)
  return Buffer.concat([head, payload])
}

function dataFrames(bytes: Buffer): Buffer[] {
  const size = 16 * 1024
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    frame(0, 0, bytes.subarray(index * size, (index + 1) * size)),
  )
}

/** Resolves when the first request has come. */
async function untilHeaders(peer: Socket): Promise<void> {
  let input = Buffer.alloc(0)
  for (let at = preface.length; ;) {
    while (input.length < at + 9) {
      const [chunk] = (await once(peer, 'data')) as [Buffer]
      input = Buffer.concat([input, chunk])
    }
    if (input[at + 3] === 1) return
    at += 9 + input.readUIntBE(at, 3)
  }
}

/** A program's connection, unread, and what the relay is given of it. */
async function openProgram(t: TestContext): Promise<{ program: Socket; near: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const arrived = once(server, 'connection') as Promise<[Socket]>
  const program = await dial({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  const [near] = await arrived
  t.after(() => {
    program.destroy()
    near.destroy()
    server.close()
  })
  return { program, near }
}

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
test('as many tunnels as a gateway takes at first are begun before it has said how many', async (t) => {
  const { session, peer } = await open(t, Buffer.alloc(0))
  const begun: Promise<unknown>[] = []
  while (session.isUsable && begun.length < 100) begun.push(session.connect('a.example.com:1', {}))
  assert.equal(begun.length, 32)
  // SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 §6.5.2): 250.
  const many = Buffer.from('0000060400000000000003000000fa', 'hex')
  peer.write(Buffer.concat([many, accepted]))
  await begun[0]
  assert.equal(session.isUsable, true)
  session.destroy()
  await Promise.allSettled(begun)
})

async function open(
  t: TestContext,
  first = settings,
): Promise<{ session: TunnelSession; peer: Socket }> {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const { port } = server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  const [peer] = await accepted
  peer.on('error', () => undefined).resume()
  peer.write(first)
  const session = startTunnelSession(socket, `http://127.0.0.1:${port}`)
  t.after(() => {
    session.destroy()
    peer.destroy()
    socket.destroy()
    server.close()
  })
  return { session, peer }
}

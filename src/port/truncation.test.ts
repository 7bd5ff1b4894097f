// A connection that ends without TLS's own end (close_notify, RFC 8446 §6.1) was cut off on the way, perhaps by somebody
// who wants half to look whole.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import {
  connectHead,
  connectTls,
  startService,
  startTestGateway,
  testRoute,
} from '../gateway/gateway.fixture.ts'

const target = 'echo.example.com:7'

test('a tunnel over HTTP/2 whose client is cut off is a reset for its service', async (t) => {
  assert.equal(await endOfUpload(t, 'h2'), 'ECONNRESET')
})

// Which says nothing else of a client that is killed, either: docs/limits.md.
test('a tunnel over HTTP/1.1 whose client is cut off ends in order for its service', async (t) => {
  assert.equal(await endOfUpload(t, 'http/1.1'), 'end')
})

test('a tunnel whose client has ended is over when its connection is closed', async (t) => {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  await using service = await startService((socket) => socket.once('end', end).resume())
  await using gateway = await startTestGateway([testRoute(`tcp+https://${target}`, [service.port])])
  const socket = await connectTls(gateway.port)
  t.after(() => socket.destroy())
  socket.on('error', () => undefined).end(connectHead(target))
  await ended
  gateway.listener.destroy()
  await gateway.parts.liveTunnels.drained()
})

/** What a service hears of a client that has sent half of something when a FIN comes on its connection, and no more. */
async function endOfUpload(t: TestContext, alpn: 'http/1.1' | 'h2'): Promise<string> {
  const { promise: accepted, resolve: accept } = Promise.withResolvers<Socket>()
  await using service = await startService(accept)
  await using gateway = await startTestGateway([testRoute(`tcp+https://${target}`, [service.port])])
  const raw = connect(gateway.port, '127.0.0.1')
  const socket = await connectTls(gateway.port, [alpn], { socket: raw })
  t.after(() => socket.destroy())
  socket.on('error', () => undefined)
  if (alpn === 'h2') await sendByHttp2(socket)
  else {
    socket.write(connectHead(target))
    await once(socket, 'data')
    socket.write('half')
  }
  const peer = await accepted
  const ended = new Promise<string>((resolve) => {
    peer.once('end', () => resolve('end')).on('error', ({ message }) => resolve(codeIn(message)))
  })
  await once(peer, 'data')
  peer.resume()
  raw.end()
  return await ended
}

async function sendByHttp2(socket: Socket): Promise<void> {
  const session = http2.connect('https://localhost', { createConnection: () => socket })
  session.on('error', () => undefined)
  const stream = session.request({ ':method': 'CONNECT', ':authority': target })
  stream.on('error', () => undefined)
  await once(stream, 'response')
  stream.write('half')
}

/** Such as `read ECONNRESET`. */
function codeIn(message: string): string {
  return message.split(' ').at(-1) ?? message
}

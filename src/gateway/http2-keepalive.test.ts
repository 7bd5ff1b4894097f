import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { connect, type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { keepSessionAlive, type KeepAliveOptions } from './http2-keepalive.ts'

/** What a client sends first: the preface and an empty SETTINGS frame (RFC 9113 §3.4). */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1')

test('a peer that does not answer PING is dropped', async (t) => {
  const port = await serve(t, { intervalMs: 50, idleTimeoutMs: 0 })
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => undefined).resume()
  socket.write(preface)
  await once(socket, 'close')
})

test('a peer that answers stays, also without a stream', async (t) => {
  const port = await serve(t, { intervalMs: 20, idleTimeoutMs: 0 })
  const session = http2.connect(`http://127.0.0.1:${port}`)
  let pings = 0
  const fifthPing = new Promise<void>((resolve) =>
    session.on('ping', () => (pings += 1) === 5 && resolve()),
  )
  await fifthPing
  assert.equal(session.closed, false)
  session.destroy()
})

test('a connection without a stream is closed after its time, one with a stream is not', async (t) => {
  const port = await serve(t, { intervalMs: 10_000, idleTimeoutMs: 60 })
  const [idle, busy] = [
    http2.connect(`http://127.0.0.1:${port}`),
    http2.connect(`http://127.0.0.1:${port}`),
  ]
  const stream = busy.request({ ':method': 'POST', ':path': '/' }, { endStream: false })
  await once(stream, 'response')
  await once(idle, 'close')
  assert.equal(busy.closed, false)
  stream.close()
  await once(busy, 'close')
})

async function serve(t: TestContext, options: KeepAliveOptions): Promise<number> {
  const server = http2.createServer()
  server.on('sessionError', () => undefined)
  server.on('session', (session) => keepSessionAlive(session, options))
  server.on('stream', (stream: http2.ServerHttp2Stream) => {
    stream.on('error', () => undefined)
    stream.respond({ ':status': 200 })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

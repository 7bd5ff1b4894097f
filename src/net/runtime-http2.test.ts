// What stands on the wire, which neither runtime's own client tells whole.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { connect, type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { isBun } from '../is-bun.ts'
import { resetAtDestroy, resetUnanswered, sendingSettings } from './runtime-http2.ts'

type Act = (stream: http2.ServerHttp2Stream) => void

/** The preface, an empty SETTINGS frame (RFC 9113 §3.4), and HEADERS of stream 1 that end it: GET / of a (RFC 7541). */
const asking = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1'),
  Buffer.from('000006010500000001828486410161', 'hex'),
])
/** A PING, whose answer comes after all that was written before. */
const ping = Buffer.from('0000080600000000000000000000000000', 'hex')
const types: Readonly<Record<number, string>> = { 0: 'DATA', 1: 'HEADERS', 3: 'RST_STREAM' }

/** What a server writes of a stream after `act`: types of frames, with END_STREAM or the code of a reset. */
async function framesOf(t: TestContext, act: Act): Promise<readonly string[]> {
  const server = http2.createServer()
  server.on('stream', (stream: http2.ServerHttp2Stream) => {
    stream.on('error', () => undefined)
    act(stream)
    stream.once('close', () => setImmediate(() => setImmediate(() => socket.write(ping))))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1' })
  t.after(() => {
    socket.destroy()
    server.close()
  })
  socket.write(asking)
  let unread = Buffer.alloc(0)
  const frames: string[] = []
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    unread = Buffer.concat([unread, chunk])
    while (unread.length >= 9 && unread.length >= 9 + unread.readUIntBE(0, 3)) {
      const [type, flags, lengthBytes] = [unread[3], unread[4] ?? 0, unread.readUIntBE(0, 3)]
      if (type === 6) return frames
      const name = types[type ?? -1]
      const isEnd = type === 0 && (flags & 1) === 1
      const told = type === 3 ? ` ${unread.readUInt32BE(9)}` : isEnd ? ' END_STREAM' : ''
      if (name !== undefined) frames.push(name + told)
      unread = unread.subarray(9 + lengthBytes)
    }
  }
  return frames
}

test('a stream that is refused without an answer tells its code and nothing else', async (t) => {
  const refuse: Act = (stream) => resetUnanswered(stream, http2.constants.NGHTTP2_REFUSED_STREAM)
  assert.deepEqual(await framesOf(t, refuse), ['RST_STREAM 7'])
})

test('a stream that is destroyed is reset, and never looks whole', async (t) => {
  const unanswered: Act = (stream) => {
    resetAtDestroy(stream)
    stream.destroy()
  }
  assert.deepEqual(await framesOf(t, unanswered), ['RST_STREAM 0'])
  const inTheMiddle: Act = (stream) => {
    resetAtDestroy(stream)
    stream.respond()
    stream.write('part', () => stream.destroy())
  }
  assert.deepEqual(await framesOf(t, inTheMiddle), ['HEADERS', 'DATA', 'RST_STREAM 0'])
})

test('a stream that has ended stays whole when it is destroyed', async (t) => {
  const ended: Act = (stream) => {
    resetAtDestroy(stream)
    stream.respond()
    stream.end('all', () => stream.destroy())
  }
  const [head, ...rest] = await framesOf(t, ended)
  assert.equal(head, 'HEADERS')
  assert.ok(rest.includes('DATA END_STREAM'), rest.join())
})

test('an end on Bun says that it can do with no less credit, and takes it back at no change', async (t) => {
  const server = http2.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const served = once(server, 'session') as Promise<[http2.ServerHttp2Session]>
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    settings: { ...sendingSettings, initialWindowSize: 100_000 },
  })
  t.after(() => {
    session.destroy()
    server.close()
  })
  const [far] = await served
  await once(session, 'remoteSettings')
  await new Promise<void>((resolve) =>
    session.settings({ initialWindowSize: 200_000 }, () => resolve()),
  )
  assert.equal(far.remoteSettings.initialWindowSize, 200_000)
  assert.equal(far.remoteSettings.maxHeaderListSize === 65_533, isBun)
})

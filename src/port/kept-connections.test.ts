import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connectTls } from '../gateway/gateway.fixture.ts'
import { httpFaultOf } from '../net/runtime.ts'
import { openTestPort } from './port.fixture.ts'

const readTimeoutMs = 500
const idleTimeoutMs = 2_000

test('a connection that was answered outlives the time of a head, and ends when it was idle', async (t) => {
  const { address } = await openTestPort(t, {
    readTimeoutMs,
    idleTimeoutMs,
    handlers: {
      request: (_request, response) => void response.end('done'),
      malformedHttp1: (error) => assert.fail(error),
    },
  })
  const socket = await connectTls(address.port, ['http/1.1'])
  t.after(() => socket.destroy())
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  const answeredMs = performance.now()
  assert.match(answer.toString(), /^HTTP\/1\.1 200 /)
  await once(socket.resume(), 'end')
  const idleMs = performance.now() - answeredMs
  assert.ok(idleMs >= idleTimeoutMs - 50, `it ended after ${idleMs} ms`)
})

for (const asked of [0, 1]) {
  test(`a head that does not come whole is told, after ${asked} answers`, async (t) => {
    const { promise: fault, resolve } = Promise.withResolvers<unknown>()
    const { address } = await openTestPort(t, {
      readTimeoutMs,
      handlers: {
        request: (_request, response) => void response.end('done'),
        malformedHttp1(error, socket) {
          resolve(httpFaultOf(error))
          socket.destroy()
        },
      },
    })
    const socket = await connectTls(address.port, ['http/1.1'])
    t.after(() => socket.destroy())
    for (let answers = 0; answers < asked; answers += 1) {
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await once(socket, 'data')
    }
    socket.write('GET / HTTP/1.1\r\n')
    // A head may be as slow as it likes, if not for long.
    const trickle = setInterval(() => socket.write('a'), 100)
    t.after(() => clearInterval(trickle))
    assert.equal(await fault, 'too-slow')
  })
}

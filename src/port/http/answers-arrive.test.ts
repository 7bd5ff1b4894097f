import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2, constants } from 'node:http2'
import { describe, test, type TestContext } from 'node:test'
import * as tls from 'node:tls'
import { startTestGateway, testCa, type TestGateway } from '../../gateway/gateway.fixture.ts'

const bodyBytes = 8 * 1024 * 1024
const piece = Buffer.alloc(64 * 1024, 'x')

/** Says a head and then a large body, and reads only when all of it has been written. */
async function sayAll({ port }: TestGateway, head: string): Promise<string> {
  const options = { port, ca: testCa, servername: 'localhost', allowHalfOpen: true }
  const socket = tls.connect(options as tls.ConnectionOptions)
  await once(socket, 'secureConnect')
  const write = (bytes: Buffer | string): Promise<void> =>
    new Promise((resolve, reject) => {
      socket.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
  try {
    await write(head)
    for (let sent = 0; sent < bodyBytes; sent += piece.length) await write(piece)
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')))
    await once(socket, 'end')
    return answer
  } finally {
    socket.destroy()
  }
}

async function gatewayFor(t: TestContext): Promise<TestGateway> {
  const gateway = await startTestGateway([])
  t.after(() => gateway[Symbol.asyncDispose]())
  return gateway
}

const withBody = `Host: localhost\r\nContent-Length: ${bodyBytes}\r\n`
const heads = {
  'a page refused with its body': [
    404,
    `POST /nowhere HTTP/1.1\r\nConnection: close\r\n${withBody}`,
  ],
  'a CONNECT with a body': [400, `CONNECT localhost HTTP/1.1\r\n${withBody}`],
  'a WebSocket handshake with a body': [
    400,
    `GET /.postern/v1/tunnel/a:1 HTTP/1.1\r\nConnection: close, upgrade\r\nUpgrade: websocket\r\n${withBody}`,
  ],
  'a head that is too large': [431, `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n${withBody}`],
  'no HTTP at all': [400, `nonsense\r\n${withBody}`],
} as const

describe('an answer reaches a client that reads only when it has said everything', () => {
  for (const [name, [status, head]] of Object.entries(heads)) {
    test(name, async (t) => {
      const answer = await sayAll(await gatewayFor(t), `${head}\r\n`)
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), answer.slice(0, 400))
    })
  }

  test('a page refused with its body, over HTTP/2', async (t) => {
    const { port } = await gatewayFor(t)
    const session = connectHttp2(`https://localhost:${port}`, { ca: testCa })
    t.after(() => session.destroy())
    const stream = session.request({ ':method': 'POST', ':path': '/nowhere' })
    const answered = once(stream, 'response')
    // The rest is refused by NO_ERROR, after the answer (RFC 9113 §8.1).
    stream.on('error', () => undefined)
    for (let sent = 0; sent < bodyBytes && !stream.destroyed; sent += piece.length)
      stream.write(piece)
    stream.end()
    const [headers] = (await answered) as [Record<string, unknown>]
    assert.equal(headers[constants.HTTP2_HEADER_STATUS], 404)
  })
})

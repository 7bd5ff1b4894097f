import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { parseGatewayUrl } from '../../reach/destination.ts'
import { createDialer } from '../../reach/dialer.ts'
import { createHttp1Way } from './http1.ts'
import { waySuite } from './way.suite.ts'
import type { ConnectAnswer } from './way.ts'

waySuite({ name: 'HTTP/1.1', protocols: ['http/1.1'], version: '1.1', create: createHttp1Way })

const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'

/** Asks a gateway that answers as `answer` does, once the whole request has come. */
async function askOf(
  t: TestContext,
  answer: (socket: Socket) => unknown,
): Promise<ConnectAnswer & { readonly received: () => string }> {
  let received = ''
  const server = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (chunk: Buffer) => {
        received += chunk.toString()
        if (received.endsWith('\r\n\r\n')) void answer(socket)
      })
    t.after(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const gateway = parseGatewayUrl(`http://127.0.0.1:${port}`)
  const trust = { isVerified: true, extraCa: [], clientCertificate: undefined }
  const way = createHttp1Way(createDialer({ gateway, trust }))
  t.after(() => way.destroy())
  const { signal } = new AbortController()
  return {
    ...(await way.connect({ authority: 'a:1', fields: {}, signal })),
    received: () => received,
  }
}

test('answers that inform and the one to CONNECT may come byte by byte, with what the service says', async (t) => {
  const { tunnel, received } = await askOf(t, async (socket) => {
    for (const byte of `${hints}${hints}HTTP/1.1 200 OK\r\n\r\nhello`) {
      socket.write(byte)
      await new Promise((resolve) => setImmediate(resolve))
    }
    socket.end()
  })
  assert.ok(tunnel)
  const chunks: Buffer[] = []
  tunnel.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(tunnel, 'end')
  assert.equal(Buffer.concat(chunks).toString(), 'hello')
  assert.equal(received().split('CONNECT').length, 2, 'it was asked once')
})

test('a refusal that comes after answers that inform has its words', async (t) => {
  const refused = 'HTTP/1.1 403 x\r\nContent-Length: 2\r\n\r\nno'
  const { refusal } = await askOf(t, (socket) => socket.write(hints + refused))
  assert.deepEqual([refusal?.status, refusal?.body], [403, 'no'])
})

test('a gateway that only ever informs, or ends after that, has given no answer', async (t) => {
  for (const [answer, message] of [
    [(socket: Socket) => socket.write(hints.repeat(17)), /16 answers, and none to CONNECT/],
    [(socket: Socket) => socket.end(hints), /gave no answer: it ended the connection/],
    [
      (socket: Socket) => socket.end(`${hints}SSH-2.0-x\r\n`),
      /gave no answer: what it says is no HTTP/,
    ],
  ] as const) {
    await assert.rejects(askOf(t, answer), { code: 'gateway-unreachable', message })
  }
})

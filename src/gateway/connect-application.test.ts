import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import * as http2 from 'node:http2'
import type { Socket } from 'node:net'
import { describe, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { localActor } from '../control/change.ts'
import { maxInFlightBytes, sendUntilBlocked } from '../net/send-until-blocked.fixture.ts'
import { encodeFrameHead } from '../tunnel/websocket-frames.ts'
import { WebSocket } from '../tunnel/ws.ts'
import {
  connectHead,
  connectTls,
  echo,
  exchangeHttp1,
  startService,
  startTestGateway,
  testRoute,
  testSession,
  type TestGateway,
} from './gateway.fixture.ts'

const host = 'app.example.com'
const onlyAlice = [{ allow: { or: [{ email: { is: 'alice@example.com' } }] } }]

describe('a WebSocket upgrade at the host of an application', () => {
  test('is a tunnel to it on any path, as CONNECT to port 443 is', async () => {
    await using service = await startService(echo)
    await using gateway = await startTestGateway([application([service.port])], {
      accessLogFields: ['method', 'authority', 'path', 'response-code', 'transport', 'bytes-up'],
    })
    for (const target of ['/', '/any/path?x=1', '//.postern/', '*', `https://${host}/a`]) {
      const socket = await shake(gateway, { target })
      socket.write(masked(0x82, Buffer.from('hello')))
      assert.equal(await frames(socket, 5), 'hello', target)
      socket.destroy()
    }
    const line = await gateway.line((entry) => entry['service'] === 'access')
    const { method, authority, transport } = line
    assert.deepEqual([method, authority, transport], ['CONNECT', `${host}:443`, 'websocket'])
    assert.equal(line['response-code'], 200)
    const byConnect = await connectTls(gateway.port)
    byConnect.write(`${connectHead(`${host}:443`)}hello`)
    await until(byConnect, /hello$/)
    byConnect.destroy()
  })

  test('looks at the host alone: neither port, case nor the final dot', async () => {
    await using service = await startService(echo)
    await using gateway = await startTestGateway([application([service.port])])
    for (const given of [
      `${host}:444`,
      `${host}:`,
      'APP.Example.COM',
      `${host}.`,
      `${host}.:443`,
    ]) {
      const socket = await shake(gateway, { given })
      socket.destroy()
    }
  })

  test('is none where the host is not one, or is said twice, or in two ways', async () => {
    await using gateway = await startTestGateway([application([1])])
    const answers: readonly (readonly [Partial<Shake>, RegExp])[] = [
      [{ given: `x@${host}` }, /^HTTP\/1\.1 400 /],
      [{ given: `${host}:https` }, /^HTTP\/1\.1 400 /],
      [{ given: `${host}.evil.example` }, /^HTTP\/1\.1 404 /],
      [{ given: 'other.example.com' }, /^HTTP\/1\.1 404 /],
      [{ given: `${host}\r\nHost: ${host}` }, /^HTTP\/1\.1 400 [^]*exactly one \\"Host\\"/],
      [
        { target: `https://${host}/`, given: 'other.example.com' },
        /^HTTP\/1\.1 400 [^]*the same as/,
      ],
      [{ target: 'https://other.example.com/x' }, /^HTTP\/1\.1 404 /],
    ]
    for (const [ask, expected] of answers) {
      const text = handshake({ target: '/x', ...ask, more: json })
      const answer = await exchangeHttp1(gateway.port, text, true)
      assert.match(answer, expected, JSON.stringify(ask))
    }
  })

  test("leaves the gateway's own paths to it", async () => {
    await using gateway = await startTestGateway([application([1])])
    for (const path of ['/.postern/x', '/.pomerium/x', '/cdn-cgi/access/x', '/oauth2/x']) {
      const answer = await exchangeHttp1(
        gateway.port,
        handshake({ target: path, more: json }),
        true,
      )
      assert.match(answer, /^HTTP\/1\.1 404 [^]*page_not_found/, path)
    }
  })

  test('is no upgrade with a body, by another method, or over HTTP/1.0', async () => {
    await using gateway = await startTestGateway([application([1])])
    const smuggled = 'GET /ping HTTP/1.1\r\nHost: a\r\n\r\n'
    const body = [`Content-Length: ${smuggled.length}`, ...json]
    for (const text of [
      handshake({ target: '/x', more: body }) + smuggled,
      handshake({ target: '/x', more: json }).replace('GET', 'POST'),
      handshake({ target: '/x', more: json }).replace('HTTP/1.1', 'HTTP/1.0'),
    ]) {
      const answer = await exchangeHttp1(gateway.port, text, true)
      assert.match(answer, /^HTTP\/1\.[01] 400 [^]*upgrade_required/)
      assert.doesNotMatch(answer, /ok\n/)
    }
  })

  test('is refused where the handshake is not whole', async () => {
    await using gateway = await startTestGateway([application([1])])
    for (const [from, to] of [
      ['Version: 13', 'Version: 8'],
      ['Key: A', 'Key: '],
    ] as const) {
      const answer = await exchangeHttp1(gateway.port, handshake({ more: json }).replace(from, to))
      assert.match(answer, /^HTTP\/1\.1 400 [^]*"error":"malformed_request"/, to)
    }
  })

  test('is authorised by a token, never by a cookie, a query or what a stranger says', async () => {
    await using service = await startService(echo)
    await using gateway = await startTestGateway([application([service.port], onlyAlice)])
    gateway.sessions.set('s1', testSession('s1', 'alice@example.com'))
    for (const more of [
      ['Cookie: __Host-postern=s1; CF_Authorization=s1; CF_AppSession=s1'],
      ['Cf-Access-Jwt-Assertion: s1'],
      ['Cf-Access-Authenticated-User-Email: alice@example.com'],
      ['Cf-Cloudflared-Proxy-Connection-Upgrade: websocket'],
      [`Cf-Access-Jump-Destination: ${host}:443`],
      [],
    ]) {
      const answer = await exchangeHttp1(gateway.port, handshake({ more: [...more, ...json] }))
      assert.match(answer, /^HTTP\/1\.1 401 [^]*sign_in_required/, more.join())
    }
    const query = handshake({ target: '/?pomerium_jwt=s1', more: json })
    assert.match(await exchangeHttp1(gateway.port, query), /^HTTP\/1\.1 401 /)
    const socket = await shake(gateway, { more: ['Authorization: Pomerium s1'] })
    socket.destroy()
  })

  test('is refused to a web page of any host, its own included, whoever its visitor is', async () => {
    await using gateway = await startTestGateway([application([1], onlyAlice)])
    gateway.sessions.set('s1', testSession('s1', 'alice@example.com'))
    for (const origin of ['https://sibling.example.com', `https://${host}`, 'null']) {
      const more = [`Origin: ${origin}`, 'Authorization: Pomerium s1', 'Cookie: a=s1', ...json]
      const answer = await exchangeHttp1(gateway.port, handshake({ more }))
      assert.match(answer, /^HTTP\/1\.1 403 [^]*origin_not_allowed/, origin)
    }
  })

  test('leaves a route of the same host on another port as it is', async () => {
    await using service = await startService(echo)
    await using gateway = await startTestGateway([
      testRoute(`tcp+https://${host}:22`, [service.port]),
      testRoute('tcp+https://plain.example.com:443', [service.port]),
    ])
    for (const given of [host, `${host}:22`, 'plain.example.com']) {
      const text = handshake({ target: '/x', given, more: json })
      const answer = await exchangeHttp1(gateway.port, text, true)
      assert.match(answer, /^HTTP\/1\.1 404 [^]*page_not_found/, given)
    }
  })
})

describe('any other request at the host of an application', () => {
  test('is told how to connect, on every path but the own ones, and dials nothing', async () => {
    let dialled = 0
    await using service = await startService(() => (dialled += 1))
    await using gateway = await startTestGateway([application([service.port], onlyAlice)])
    for (const target of ['/', '/healthz', '/any/path?x=1', '/.postern', `https://${host}/a`]) {
      const answer = await exchangeHttp1(gateway.port, plain(target, ['Accept: text/html']))
      assert.match(
        answer,
        /^HTTP\/1\.1 200 OK[^]*>--hostname <\/span><span>app\.example\.com </,
        target,
      )
    }
    for (const [method, more] of [
      ['GET', json],
      ['POST', []],
    ] as const) {
      const answer = await exchangeHttp1(gateway.port, plain('/', more).replace('GET', method))
      assert.match(answer, /^HTTP\/1\.1 400 [^]*his is a TCP service/, method)
    }
    const own = await exchangeHttp1(gateway.port, plain('/.pomerium/x', json))
    assert.match(own, /^HTTP\/1\.1 404 [^]*page_not_found/)
    assert.equal(dialled, 0)
  })

  test('names the port that it came by, and over HTTP/2 the authority that it asked for', async () => {
    await using gateway = await startTestGateway([application([1])])
    const told = await exchangeHttp1(gateway.port, plain('/', [], `${host}:8443`))
    assert.match(told, /<span>app\.example\.com:8443 <\/span>/)
    const socket = await connectTls(gateway.port, ['h2'])
    const client = http2.connect('https://localhost', { createConnection: () => socket })
    const shown = (headers: http2.OutgoingHttpHeaders): Promise<string> =>
      text(client.request({ ':path': '/x', accept: 'text/html', ...headers }))
    assert.match(await shown({ ':authority': host }), /is no web page/)
    assert.match(await shown({ ':authority': 'other.example.com', host }), /here is no page here/)
    client.destroy()
  })
})

describe('a tunnel of a stock WebSocket', () => {
  test('carries text and binary messages of any size, in any number of fragments', async () => {
    await using service = await startService(echo)
    await using gateway = await startTestGateway([application([service.port])])
    const client = await stock(gateway)
    const received: Buffer[] = []
    let longest = 0
    client.on('message', (data: Buffer, isBinary) => {
      assert.ok(isBinary)
      longest = Math.max(longest, data.length)
      received.push(data)
    })
    const [big, small] = [randomBytes(3_000_000), 'grüße']
    const expected = createHash('sha256').update(small).update(big).update('xyz').digest('hex')
    client.send(small)
    client.send(big)
    for (const [index, part] of ['x', 'y', 'z'].entries()) client.send(part, { fin: index === 2 })
    const total = Buffer.byteLength(small) + big.length + 3
    while (received.reduce((sum, { length }) => sum + length, 0) < total)
      await once(client, 'message')
    assert.equal(createHash('sha256').update(Buffer.concat(received)).digest('hex'), expected)
    assert.ok(longest <= 16 * 1024)
    client.terminate()
  })

  test('answers pings, each but those of a peer that does not read', async () => {
    await using service = await startService(echo)
    await using gateway = await startTestGateway([application([service.port])])
    const client = await stock(gateway)
    const pong = once(client, 'pong')
    client.ping('are you there')
    assert.equal(String((await pong)[0]), 'are you there')
    client.terminate()
  })

  test('takes no memory for a flood of pings that nobody reads the answers of', async () => {
    await using service = await startService(echo)
    await using gateway = await startTestGateway([application([service.port])])
    const socket = await shake(gateway)
    socket.pause()
    const flood = Buffer.concat(
      Array.from({ length: 500 }, () => masked(0x89, Buffer.alloc(125, 'p'))),
    )
    const heapBefore = process.memoryUsage().arrayBuffers
    // 64 MiB of pings; what answers them fits the windows of TCP, and no more is kept.
    for (let i = 0; i < 1_000; i += 1) if (!socket.write(flood)) await once(socket, 'drain')
    const kept = process.memoryUsage().arrayBuffers - heapBefore
    assert.ok(kept < 16 * 1024 * 1024, `${kept} bytes`)
    socket.destroy()
  })

  test('stops a client whose service does not read', async () => {
    const { promise: accepted, resolve } = Promise.withResolvers<Socket>()
    await using service = await startService((socket) => resolve(socket.pause()))
    await using gateway = await startTestGateway([application([service.port])])
    const socket = await shake(gateway)
    const upstream = await accepted
    const sent = await sendUntilBlocked(socket, masked(0x82, Buffer.alloc(60_000)))
    assert.ok(sent < maxInFlightBytes, `${sent} bytes`)
    upstream.resume()
    await once(socket, 'drain')
    socket.destroy()
  })

  test("passes the client's end on, and the answer still comes", async () => {
    await using service = await startService((socket) => {
      let asked = ''
      socket.on('data', (chunk: Buffer) => (asked += chunk.toString()))
      socket.on('end', () => socket.end(`you said ${asked}`))
    })
    await using gateway = await startTestGateway([application([service.port])])
    for (const goodbye of [masked(0x88, Buffer.from([0x03, 0xe8])), Buffer.alloc(0)]) {
      const socket = await shake(gateway)
      const answer = until(socket, /you said hi/)
      socket.write(Buffer.concat([masked(0x82, Buffer.from('hi')), goodbye]))
      if (goodbye.length === 0) socket.end()
      await answer
      await once(socket, 'end')
      socket.destroy()
    }
    const line = await gateway.line((entry) => entry['ended'] !== undefined)
    assert.equal(line['ended'], 'client-closed')
  })

  test("closes with 1000 at the service's end, and with the reason when it is cut", async () => {
    await using service = await startService((socket) =>
      socket.on('data', (chunk: Buffer) => socket.end(chunk)),
    )
    await using gateway = await startTestGateway([application([service.port], onlyAlice)])
    gateway.sessions.set('s1', testSession('s1', 'alice@example.com'))
    const headers = { authorization: 'Pomerium s1' }
    const client = await stock(gateway, headers)
    const closed = once(client, 'close')
    client.send('bye')
    assert.equal((await closed)[0], 1000)
    const cut = await stock(gateway, headers)
    const end = once(cut, 'close')
    await gateway.operations.revokeSession(localActor, 's1')
    const [code, reason] = (await end) as [number, Buffer]
    assert.equal(code, 4001)
    assert.match(reason.toString(), /^session-revoked [\w-]{36}$/)
  })

  test('is cut by a frame that breaks the protocol, and its service reset', async () => {
    const { promise: reset, resolve } = Promise.withResolvers<Error>()
    await using service = await startService((socket) => socket.pipe(socket).on('error', resolve))
    await using gateway = await startTestGateway([application([service.port])])
    const socket = await shake(gateway)
    socket.resume().write(Buffer.from([0x82, 0x02, 0x68, 0x69]))
    await once(socket, 'end')
    assert.equal((await reset).message, 'read ECONNRESET')
    const line = await gateway.line((entry) => entry['ended'] !== undefined)
    assert.equal(line['ended'], 'client-reset')
    socket.destroy()
  })

  test('ends within a second when a reload removes its application, and only then', async () => {
    await using service = await startService(echo)
    const app = application([service.port])
    await using gateway = await startTestGateway([app])
    const client = await stock(gateway)
    await gateway.reload([app, testRoute('tcp+https://other.example.com:1', [1])])
    const answered = once(client, 'message')
    client.send('still here')
    await answered
    const closed = once(client, 'close')
    await gateway.reload([])
    const [code, reason] = (await closed) as [number, Buffer]
    assert.equal(code, 4001)
    assert.match(reason.toString(), /^route-removed /)
    const answer = await exchangeHttp1(gateway.port, handshake({ target: '/x', more: json }), true)
    assert.match(answer, /^HTTP\/1\.1 404 /)
  })
})

const json = ['Accept: application/json']

function application(to: readonly number[], policy?: unknown): ReturnType<typeof testRoute> {
  return testRoute(`tcp+https://${host}:443`, to, policy, { isApplication: true })
}

interface Shake {
  readonly target: string
  /** The `Host`. */
  readonly given: string
  readonly more: readonly string[]
}

/** The handshake of `cloudflared access` (reference 1.2). */
function handshake({ target = '/', given = host, more = [] }: Partial<Shake> = {}): string {
  return [
    `GET ${target} HTTP/1.1`,
    `Host: ${given}`,
    'User-Agent: cloudflared/2026.8.2',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Version: 13',
    'Upgrade: websocket',
    ...more,
    '',
    '',
  ].join('\r\n')
}

/** A request without an upgrade, the last of its connection. */
function plain(target: string, more: readonly string[], given = host): string {
  return [`GET ${target} HTTP/1.1`, `Host: ${given}`, 'Connection: close', ...more, '', ''].join(
    '\r\n',
  )
}

async function text(stream: http2.ClientHttp2Stream): Promise<string> {
  let received = ''
  stream.on('data', (chunk: Buffer) => (received += chunk.toString()))
  await once(stream, 'end')
  return received
}

/** A connection on which the handshake is done. */
async function shake({ port }: TestGateway, ask: Partial<Shake> = {}): Promise<TLSSocket> {
  const socket = await connectTls(port)
  socket.on('error', () => undefined)
  socket.write(handshake(ask))
  const answer = await until(socket, /\r\n\r\n/)
  assert.match(answer, /^HTTP\/1\.1 101 Switching Protocols\r\nUpgrade: websocket\r\n/)
  assert.match(answer, /\r\nSec-WebSocket-Accept: ICX\+Yqv66kxgM0FcWaLWlFLwTAI=\r\n/)
  return socket
}

/** A client of another's making. */
async function stock(
  { port }: TestGateway,
  headers: Record<string, string> = {},
): Promise<WebSocket> {
  const socket = await connectTls(port)
  const client = new WebSocket(`ws://${host}/`, {
    createConnection: () => socket,
    headers,
  })
  client.on('error', () => undefined)
  client.on('unexpected-response', (_request, answer: IncomingMessage) => {
    assert.fail(`answered ${answer.statusCode}`)
  })
  await once(client, 'open')
  return client
}

/** A whole frame as a client sends it. */
function masked(first: number, payload: Buffer): Buffer {
  const head = encodeFrameHead('binary', payload.length, Buffer.alloc(4))
  head[0] = first
  return Buffer.concat([head, payload])
}

/** The payload of the frame that comes next, all of it short. */
async function frames(socket: TLSSocket, length: number): Promise<string> {
  const bytes = await until(socket, new RegExp(`^[^]{${length + 2}}`))
  return bytes.slice(2)
}

function until(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = ''
    stream.on('data', function onData(chunk: Buffer) {
      received += chunk.toString('latin1')
      if (!pattern.test(received)) return
      stream.off('data', onData)
      resolve(received)
    })
    stream.once('end', () => reject(new Error(received)))
  })
}

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ClientRequest } from 'node:http'
import type { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import { WebSocket } from '../tunnel/ws.ts'
import { localActor } from '../control/change.ts'
import { freePort } from '../net/free-port.fixture.ts'
import { formatTunnelPath, tunnelProtocol } from '../tunnel/websocket.ts'
import { tunnelOverWebSocket, webSocketBounds } from '../tunnel/websocket-stream.ts'
import {
  connectTls,
  echo,
  exchangeHttp1,
  startService,
  startTestGateway,
  testRoute,
  testSession,
  type TestGateway,
} from './gateway.fixture.ts'

const onlyAlice = [{ allow: { or: [{ email: { is: 'alice@example.com' } }] } }]
const target = 'echo.example.com:7'

interface Opened {
  readonly tunnel?: Duplex
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

describe('CONNECT over a WebSocket', () => {
  test('reaches the upstream, and is logged as a CONNECT', async () => {
    await using service = await startService(echo)
    await using gateway = await startTestGateway(
      [testRoute(`tcp+https://${target}`, [service.port])],
      {
        accessLogFields: ['method', 'authority', 'response-code', 'transport', 'bytes-up', 'ended'],
      },
    )
    const { tunnel, headers } = await open(gateway, target)
    assert.ok(tunnel)
    assert.match(String(headers['x-request-id']), /^[\w-]{36}$/)
    tunnel.end('hello')
    assert.equal(await text(tunnel), 'hello')
    const line = await gateway.line((entry) => entry['service'] === 'access')
    assert.deepEqual(
      ['method', 'authority', 'response-code', 'transport', 'bytes-up', 'ended'].map(
        (name) => line[name],
      ),
      ['CONNECT', target, 200, 'websocket', 5, 'client-closed'],
    )
  })

  test('answers 101 only when the upstream is open', async () => {
    await using gateway = await startTestGateway([
      testRoute(`tcp+https://${target}`, [await freePort()]),
    ])
    const { status, headers, body } = await open(gateway, target)
    assert.deepEqual([status, refusalCode(body)], [503, 'upstream_unreachable'])
    assert.equal(headers['x-request-id'], JSON.parse(body).request_id)
  })

  test('takes a token from the headers alone', async () => {
    await using service = await startService(echo)
    await using gateway = await startTestGateway([
      testRoute(`tcp+https://${target}`, [service.port], onlyAlice),
    ])
    gateway.sessions.set('s1', testSession('s1', 'alice@example.com'))
    gateway.sessions.set('s2', testSession('s2', 'bob@example.com'))
    const allowed = await open(gateway, target, { authorization: 'Pomerium s1' })
    assert.ok(allowed.tunnel)
    allowed.tunnel.on('error', () => undefined).destroy()
    const denied = await open(gateway, target, { authorization: 'Pomerium s2' })
    assert.deepEqual([denied.status, refusalCode(denied.body)], [403, 'policy_denied'])
    const cookie = await open(gateway, target, { cookie: '__Host-postern=s1' })
    assert.deepEqual([cookie.status, refusalCode(cookie.body)], [401, 'sign_in_required'])
    const query = await open(gateway, `${target}?pomerium_jwt=s1`, {}, formatQuery)
    assert.deepEqual([query.status, refusalCode(query.body)], [400, 'malformed_request'])
  })

  test('refuses web pages, unknown routes and what is no target', async () => {
    await using gateway = await startTestGateway([testRoute(`tcp+https://${target}`, [1])])
    const page = await open(gateway, target, { origin: 'https://evil.example.com' })
    assert.deepEqual([page.status, refusalCode(page.body)], [403, 'origin_not_allowed'])
    const unknown = await open(gateway, 'echo.example.com:8')
    assert.deepEqual([unknown.status, refusalCode(unknown.body)], [404, 'route_not_found'])
    for (const authority of ['echo.example.com', 'a b:1', 'a:1/b', ':7', '[::1:7']) {
      const { status, body } = await open(gateway, authority)
      assert.deepEqual([status, refusalCode(body)], [400, 'malformed_request'], authority)
    }
  })

  test('refuses a handshake that is not complete', async () => {
    await using gateway = await startTestGateway([testRoute(`tcp+https://${target}`, [1])])
    const whole = {
      host: 'a',
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'sec-websocket-protocol': tunnelProtocol,
      accept: 'application/json',
    }
    for (const [name, value] of [
      ['sec-websocket-version', '8'],
      ['sec-websocket-key', 'short'],
      ['sec-websocket-protocol', 'chat, other'],
      ['host', 'a\r\nHost: b'],
    ] as const) {
      const answer = await exchangeHttp1(gateway.port, head({ ...whole, [name]: value }))
      assert.match(answer, /^HTTP\/1\.1 400 [^]*"error":"malformed_request"/, name)
    }
  })

  test('bytes that come with the handshake are not lost', async () => {
    await using service = await startService(echo)
    await using gateway = await startTestGateway([
      testRoute(`tcp+https://${target}`, [service.port]),
    ])
    const socket = await connectTls(gateway.port)
    // A binary message "hi" with an all-zero mask, and the text message "end" (RFC 6455 §5.2).
    const frames = Buffer.concat([
      Buffer.from([0x82, 0x82, 0, 0, 0, 0]),
      Buffer.from('hi'),
      Buffer.from([0x81, 0x83, 0, 0, 0, 0]),
      Buffer.from('end'),
    ])
    socket.write(Buffer.concat([Buffer.from(handshake()), frames]))
    const answer = await until(socket, /hi[^]{2}end/)
    assert.match(answer, /^HTTP\/1\.1 101 /)
    socket.destroy()
  })

  test('a client that is lost without a word resets its upstream', async () => {
    const { promise: reset, resolve } = Promise.withResolvers<Error>()
    await using service = await startService((socket) => socket.pipe(socket).on('error', resolve))
    await using gateway = await startTestGateway([
      testRoute(`tcp+https://${target}`, [service.port]),
    ])
    const socket = await connectTls(gateway.port)
    socket.write(handshake())
    await until(socket, /^HTTP\/1\.1 101 /)
    socket.destroy()
    assert.equal((await reset).message, 'read ECONNRESET')
    const line = await gateway.line((entry) => entry['ended'] !== undefined)
    assert.equal(line['ended'], 'client-reset')
  })

  test('the session that ends cuts its tunnel, and that is no orderly end', async () => {
    await using service = await startService(echo)
    await using gateway = await startTestGateway([
      testRoute(`tcp+https://${target}`, [service.port], onlyAlice),
    ])
    gateway.sessions.set('s1', testSession('s1', 'alice@example.com'))
    const { tunnel } = await open(gateway, target, { authorization: 'Pomerium s1' })
    assert.ok(tunnel)
    const failed = once(tunnel, 'error')
    await gateway.operations.revokeSession(localActor, 's1')
    const [error] = (await failed) as [Error]
    assert.match(error.message, /aborted by the other side/)
    const line = await gateway.line((entry) => entry['ended'] !== undefined)
    assert.equal(line['ended'], 'session-revoked')
  })

  test('a reset of the upstream is an abort', async () => {
    await using service = await startService((socket) =>
      socket.once('data', () => socket.resetAndDestroy()),
    )
    await using gateway = await startTestGateway([
      testRoute(`tcp+https://${target}`, [service.port]),
    ])
    const { tunnel } = await open(gateway, target)
    assert.ok(tunnel)
    const failed = once(tunnel, 'error')
    tunnel.write('x')
    await failed
  })
})

describe('every other upgrade', () => {
  const others: Record<string, string> = {
    'a WebSocket elsewhere': handshake().replace(/^\S+ \S+/, 'GET /healthz'),
    h2c: 'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n',
    TLS: 'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\n\r\n',
  }
  for (const [name, text] of Object.entries(others)) {
    test(`${name} is answered as the request it is, and the connection goes on`, async () => {
      await using gateway = await startTestGateway([])
      const socket = await connectTls(gateway.port)
      for (const request of [text, 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n']) {
        const answered = until(socket, /ok\n$/)
        socket.write(request)
        assert.match(await answered, /^HTTP\/1\.1 200 OK/)
      }
      socket.destroy()
    })
  }

  test('the path of a tunnel without an upgrade says what is missing', async () => {
    await using gateway = await startTestGateway([])
    const fields = 'Host: a\r\nConnection: close\r\nAccept: application/json\r\n\r\n'
    for (const method of ['GET', 'POST']) {
      const answer = await exchangeHttp1(
        gateway.port,
        `${method} ${formatTunnelPath(target)} HTTP/1.1\r\n${fields}`,
      )
      assert.match(answer, /^HTTP\/1\.1 400 [^]*"error":"upgrade_required"/, method)
    }
  })

  test('a handshake with a body is no upgrade: two readers would disagree where it ends', async () => {
    await using gateway = await startTestGateway([testRoute(`tcp+https://${target}`, [1])])
    const smuggled = 'GET /ping HTTP/1.1\r\n\r\n'
    const withBody = handshake(`Content-Length: ${smuggled.length}`, 'Accept: application/json')
    const answer = await exchangeHttp1(gateway.port, withBody + smuggled, true)
    assert.match(answer, /^HTTP\/1\.1 400 /)
    assert.doesNotMatch(answer, /ok\n/)
  })
})

function handshake(...fields: string[]): string {
  return head(
    {
      host: 'gateway.example.com',
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'sec-websocket-protocol': tunnelProtocol,
    },
    fields,
  )
}

function head(fields: Record<string, string>, more: string[] = []): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  return [`GET ${formatTunnelPath(target)} HTTP/1.1`, ...lines, ...more, '', ''].join('\r\n')
}

function formatQuery(authority: string): string {
  return `/.postern/v1/tunnel/${authority}`
}

/** Asks for a tunnel; answers it, or the refusal. */
async function open(
  { port }: TestGateway,
  authority: string,
  headers: Record<string, string> = {},
  format = formatTunnelPath,
): Promise<Opened> {
  const socket = await connectTls(port)
  const client = new WebSocket(`ws://localhost:${port}${format(authority)}`, [tunnelProtocol], {
    ...webSocketBounds,
    createConnection: () => socket,
    headers: { accept: 'application/json', ...headers },
  })
  client.on('error', () => undefined)
  return new Promise((resolve) => {
    let answered: Opened['headers'] = {}
    client.once('upgrade', (answer) => (answered = answer.headers))
    client.once('open', () => {
      const tunnel = tunnelOverWebSocket(client, 1024 * 1024)
      resolve({ tunnel, status: 101, headers: answered, body: '' })
    })
    client.once('unexpected-response', (_request: ClientRequest, answer) => {
      void text(answer).then((body) => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body })
        socket.destroy()
      })
    })
  })
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(stream, 'end')
  return Buffer.concat(chunks).toString()
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

function refusalCode(body: string): unknown {
  return (JSON.parse(body) as { error: unknown }).error
}

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createTls } from 'node:https'
import { createServer as createTcp, type AddressInfo, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import { SystemError, UpstreamError } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { createCertificateAuthority } from '../../net/certificate.ts'
import { dial } from '../../net/dial.ts'
import { createConnector, type Connector } from './connection.ts'
import { parseGatewayUrl } from './destination.ts'
import { startFakeGateway, type FakeGateway } from './fake-gateway.fixture.ts'
import { findProxy } from './proxy.ts'
import { secondTryAfterMs } from './second-try.ts'
import { createTransport } from '../ways/transport.ts'
import type { Trust } from './trust.ts'

const authority = await createCertificateAuthority()
const never = new AbortController().signal

/** Runs with these variables and no others that could name a proxy. */
async function withEnv<Value>(
  variables: Readonly<Record<string, string>>,
  run: () => Value | Promise<Value>,
): Promise<Value> {
  const lower = ['https_proxy', 'http_proxy', 'all_proxy', 'no_proxy']
  const names = [...lower, ...lower.map((name) => name.toUpperCase())]
  const before = names.map((name) => [name, process.env[name]] as const)
  for (const name of names) delete process.env[name]
  Object.assign(process.env, variables)
  try {
    return await run()
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

interface TestProxy extends AsyncDisposable {
  readonly port: number
  /** Each CONNECT: its target and what it said to sign in. */
  readonly asked: { readonly target: string; readonly authorization: string | undefined }[]
}

/** An HTTP proxy that leads every CONNECT to the same port, or answers `status`. */
async function startProxy(options: {
  readonly to?: number
  readonly status?: number
  readonly isTls?: boolean
}): Promise<TestProxy> {
  const asked: TestProxy['asked'] = []
  const sockets = new Set<Duplex>()
  const pair = await authority.issue(['localhost'])
  const server = options.isTls === true ? createTls(pair) : createServer()
  server.on('connection', (socket: Duplex) => sockets.add(socket))
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    asked.push({
      target: request.url ?? '',
      authorization: request.headers['proxy-authorization'],
    })
    socket.on('error', () => undefined)
    const { status = 200 } = options
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${status} x\r\n\r\n<html>`)
      return
    }
    void dial({ host: '127.0.0.1', port: options.to ?? 0 }).then((upstream) => {
      sockets.add(upstream)
      socket.write('HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n')
      socket.pipe(upstream).pipe(socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const dispose = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  return { port: portOf(server), asked, [Symbol.asyncDispose]: dispose }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

function connectorTo(
  gateway: FakeGateway,
  options: { extraCa?: string[]; log?: Logger; url?: string; isVerified?: boolean } = {},
): Connector {
  const trust: Trust = {
    isVerified: options.isVerified ?? true,
    extraCa: [gateway.ca, ...(options.extraCa ?? [])],
    clientCertificate: undefined,
  }
  return createConnector(parseGatewayUrl(options.url ?? gateway.origin), trust, options.log)
}

describe('a proxy on the way to the gateway', () => {
  test('carries tunnels over HTTP/2, HTTP/1.1 and WebSockets, and API requests', async () => {
    for (const [protocols, choice] of [
      [['h2', 'http/1.1'], 'connect'],
      [['http/1.1'], 'connect'],
      [['http/1.1'], 'websocket'],
    ] as const) {
      await using gateway = await startFakeGateway({ isPublic: true, protocols })
      await using proxy = await startProxy({ to: gateway.port })
      await withEnv({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }, async () => {
        const connector = connectorTo(gateway)
        const transport = createTransport({
          gateway: parseGatewayUrl(gateway.origin),
          connector,
          log: { debug() {}, info() {}, warn() {}, error() {} },
          choice,
          memory: {
            prefersWebSocket: () => Promise.resolve(false),
            rememberWebSocket: () => Promise.resolve(),
            forget: () => Promise.resolve(),
          },
        })
        const { tunnel } = await transport.connect('a:1', undefined, never)
        assert.ok(tunnel)
        tunnel.end('hello')
        const [echoed] = (await once(tunnel, 'data')) as [Buffer]
        assert.equal(echoed.toString(), 'hello')
        transport.destroy()
      })
      assert.deepEqual(proxy.asked, [
        { target: `localhost:${gateway.port}`, authorization: undefined },
      ])
    }
  })

  test('gets user and password, and no log line has them', async () => {
    await using gateway = await startFakeGateway()
    await using proxy = await startProxy({ to: gateway.port })
    const lines: string[] = []
    const keep = (message: string): void => void lines.push(message)
    const log: Logger = { debug: keep, info: keep, warn: keep, error: keep }
    const value = `http://alice:p%40ss%3A%C3%A4@127.0.0.1:${proxy.port}`
    await withEnv({ https_proxy: value, HTTPS_PROXY: 'http://127.0.0.1:1' }, async () => {
      const { socket } = await connectorTo(gateway, { log }).open(['http/1.1'])
      socket.destroy()
    })
    const [asked] = proxy.asked
    assert.equal(asked?.authorization, `Basic ${Buffer.from('alice:p@ss:ä').toString('base64')}`)
    assert.deepEqual(lines, [`using the proxy "127.0.0.1:${proxy.port}" of https_proxy`])
  })

  test('may itself speak TLS, and is verified whatever the gateway is trusted with', async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using proxy = await startProxy({ to: gateway.port, isTls: true })
    await withEnv({ HTTPS_PROXY: `https://localhost:${proxy.port}` }, async () => {
      const { socket, protocol } = await connectorTo(gateway, { extraCa: [authority.cert] }).open([
        'h2',
      ])
      assert.equal(protocol, 'h2')
      socket.destroy()
      const careless = connectorTo(gateway, { isVerified: false })
      await assert.rejects(careless.open(['h2']), {
        code: 'proxy-not-trusted',
        message: /the proxy "localhost:\d+" showed a certificate from an authority/,
      })
    })
    assert.equal(proxy.asked.length, 1)
  })

  test('hosts in NO_PROXY are reached without it', async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using proxy = await startProxy({ to: gateway.port })
    const proxies = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }
    for (const entry of [
      'localhost',
      '*',
      '.example.com, localhost',
      `localhost:${gateway.port}`,
    ]) {
      await withEnv({ ...proxies, NO_PROXY: entry }, async () => {
        const { socket } = await connectorTo(gateway).open(['h2'])
        socket.destroy()
      })
    }
    await withEnv({ ...proxies, NO_PROXY: '127.0.0.0/8' }, async () => {
      const url = `https://127.0.0.1:${gateway.port}`
      const { socket } = await connectorTo(gateway, { url }).open(['h2'])
      socket.destroy()
    })
    assert.deepEqual(proxy.asked, [])
  })
})

describe('a proxy that gives no connection', () => {
  const cases = [
    [407, '', /asks for a sign-in \(status 407\)/, /into HTTPS_PROXY: "http:\/\/USER:PASSWORD@/],
    [407, 'a:secret@', /does not accept the user and password of HTTPS_PROXY/, /"Basic"/],
    [403, '', /does not allow a connection to "localhost:\d+" \(status 403\)/, /NO_PROXY/],
    [503, '', /cannot reach "localhost:\d+" \(status 503\)/, /NO_PROXY/],
    [418, '', /gave no connection to "localhost:\d+" \(status 418\)/, /NO_PROXY/],
  ] as const
  for (const [status, user, message, hint] of cases) {
    test(`${status} ${user === '' ? 'without' : 'with'} a user names the proxy and the next step`, async () => {
      await using gateway = await startFakeGateway()
      await using proxy = await startProxy({ status })
      await withEnv({ HTTPS_PROXY: `http://${user}127.0.0.1:${proxy.port}` }, async () => {
        await assert.rejects(connectorTo(gateway).open(['h2']), (error) => {
          assert.ok(error instanceof UpstreamError)
          assert.equal(error.code, 'proxy-refused')
          assert.match(error.message, message)
          assert.match(error.message, new RegExp(`"127\\.0\\.0\\.1:${proxy.port}"`))
          assert.match(error.hint ?? '', hint)
          assert.doesNotMatch(error.message + (error.hint ?? ''), /secret/)
          return true
        })
      })
    })
  }

  test('nobody listens, no HTTP, no end of the head', async () => {
    await using gateway = await startFakeGateway()
    for (const [answer, message] of [
      [undefined, /the proxy "127\.0\.0\.1:1" refused the connection/],
      ['SSH-2.0-OpenSSH\r\n', /gave no answer: Parse Error/],
      [`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(10_000)}`, /gave no answer: .*Header overflow/i],
    ] as const) {
      const server = createTcp((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', () => socket.write(answer ?? ''))
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const port = answer === undefined ? 1 : portOf(server)
      await withEnv({ ALL_PROXY: `http://127.0.0.1:${port}` }, () =>
        assert.rejects(connectorTo(gateway).open(['h2']), { code: 'proxy-unreachable', message }),
      )
      server.close()
    }
  })

  test('one that says nothing is given up after its time', async (t) => {
    await using gateway = await startFakeGateway()
    const silent = createTcp((socket) => void socket.on('error', () => undefined)).listen(
      0,
      '127.0.0.1',
    )
    await once(silent, 'listening')
    await withEnv({ HTTPS_PROXY: `http://127.0.0.1:${portOf(silent)}` }, async () => {
      const asked = async (): Promise<Duplex> => {
        const [socket] = (await once(silent, 'connection')) as [Duplex]
        await once(socket, 'data')
        return socket
      }
      const first = asked()
      t.mock.timers.enable({ apis: ['setTimeout'] })
      const rejected = assert.rejects(connectorTo(gateway).open(['h2']), {
        code: 'proxy-unreachable',
        message: /did not answer in time/,
      })
      await first
      const second = asked()
      t.mock.timers.tick(secondTryAfterMs)
      await second
      t.mock.timers.tick(30_000)
      await rejected
      for (const socket of [await first, await second]) socket.destroy()
    })
    silent.close()
  })
})

describe('what names a proxy', () => {
  test('a value without a scheme is http, as curl has it; ALL_PROXY comes last', async () => {
    const found = (variables: Record<string, string>) =>
      withEnv(variables, () => findProxy('https://gw.example.com'))
    const bare = await found({ HTTPS_PROXY: 'proxy.corp:3128' })
    assert.deepEqual([bare?.host, bare?.port, bare?.isTls], ['proxy.corp', 3128, false])
    const secure = await found({ HTTPS_PROXY: 'https://proxy.corp' })
    assert.deepEqual([secure?.port, secure?.isTls], [443, true])
    const all = await found({ ALL_PROXY: 'http://[::1]:8080' })
    assert.deepEqual([all?.host, all?.variable], ['::1', 'ALL_PROXY'])
    assert.equal(await found({ HTTP_PROXY: 'http://proxy.corp:3128' }), undefined)
  })

  for (const value of [
    'socks5://u:secret@proxy:1080',
    'http://u:secret@',
    'http://u:%zz@proxy:1',
    '://secret',
  ]) {
    test(`"${value}" is refused without showing it`, async () => {
      await withEnv({ HTTPS_PROXY: value }, () =>
        assert.throws(
          () => findProxy('https://gw.example.com'),
          (error) => {
            assert.ok(error instanceof SystemError)
            assert.equal(error.code, 'invalid-proxy')
            assert.match(error.message, /^HTTPS_PROXY /)
            assert.doesNotMatch(error.message, /secret/)
            assert.match(error.hint ?? '', /SOCKS is not supported/)
            return true
          },
        ),
      )
    })
  }
})

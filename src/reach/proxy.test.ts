import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import { SystemError, UpstreamError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { createDialer, type GatewayDialer } from './dialer.ts'
import { parseGatewayUrl } from './destination.ts'
import { startFakeGateway, type FakeGateway } from './fake-gateway.fixture.ts'
import { portOf, proxyAuthority, startProxy } from './proxy.fixture.ts'
import { findProxy, type ProxyVariables } from './proxy.ts'
import { secondTryAfterMs } from './second-try.ts'
import type { Trust } from './trust.ts'

function dialerTo(
  gateway: FakeGateway,
  proxies: ProxyVariables,
  options: { extraCa?: string[]; log?: Logger; url?: string; isVerified?: boolean } = {},
): GatewayDialer {
  const trust: Trust = {
    isVerified: options.isVerified ?? true,
    extraCa: [gateway.ca, ...(options.extraCa ?? [])],
    clientCertificate: undefined,
  }
  const address = parseGatewayUrl(options.url ?? gateway.origin)
  return createDialer({ gateway: address, trust, proxies, log: options.log })
}

describe('a proxy on the way to the gateway', () => {
  test('gets user and password, and no log line has them', async () => {
    await using gateway = await startFakeGateway()
    await using proxy = await startProxy({ to: gateway.port })
    const lines: string[] = []
    const keep = (message: string): void => void lines.push(message)
    const log: Logger = { debug: keep, info: keep, warn: keep, error: keep }
    const value = `http://alice:p%40ss%3A%C3%A4@127.0.0.1:${proxy.port}`
    const proxies = { https_proxy: value, HTTPS_PROXY: 'http://127.0.0.1:1' }
    const { socket } = await dialerTo(gateway, proxies, { log }).open(['http/1.1'])
    socket.destroy()
    const [asked] = proxy.asked
    assert.equal(asked?.authorization, `Basic ${Buffer.from('alice:p@ss:ä').toString('base64')}`)
    assert.deepEqual(lines, [`using the proxy "127.0.0.1:${proxy.port}" of https_proxy`])
  })

  test('may itself speak TLS, and is verified whatever the gateway is trusted with', async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using proxy = await startProxy({ to: gateway.port, isTls: true })
    const proxies = { HTTPS_PROXY: `https://localhost:${proxy.port}` }
    const careful = dialerTo(gateway, proxies, { extraCa: [proxyAuthority.cert] })
    const { socket, protocol } = await careful.open(['h2'])
    assert.equal(protocol, 'h2')
    socket.destroy()
    const careless = dialerTo(gateway, proxies, { isVerified: false })
    await assert.rejects(careless.open(['h2']), {
      code: 'proxy-not-trusted',
      message: /the proxy "localhost:\d+" showed a certificate from an authority/,
    })
    assert.equal(proxy.asked.length, 1)
  })

  test('may inform before it answers', async () => {
    await using gateway = await startFakeGateway({ isPublic: true })
    await using proxy = await startProxy({ to: gateway.port, informsFirst: true })
    const proxies = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }
    const { socket, protocol } = await dialerTo(gateway, proxies).open(['h2'])
    assert.equal(protocol, 'h2')
    socket.destroy()
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
      const { socket } = await dialerTo(gateway, { ...proxies, NO_PROXY: entry }).open(['h2'])
      socket.destroy()
    }
    const url = `https://127.0.0.1:${gateway.port}`
    const block = { ...proxies, NO_PROXY: '127.0.0.0/8' }
    const { socket } = await dialerTo(gateway, block, { url }).open(['h2'])
    socket.destroy()
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
      const proxies = { HTTPS_PROXY: `http://${user}127.0.0.1:${proxy.port}` }
      await assert.rejects(dialerTo(gateway, proxies).open(['h2']), (error) => {
        assert.ok(error instanceof UpstreamError)
        assert.equal(error.code, 'proxy-refused')
        assert.match(error.message, message)
        assert.match(error.message, new RegExp(`"127\\.0\\.0\\.1:${proxy.port}"`))
        assert.match(error.hint ?? '', hint)
        assert.doesNotMatch(error.message + (error.hint ?? ''), /secret/)
        return true
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
      const dialer = dialerTo(gateway, { ALL_PROXY: `http://127.0.0.1:${port}` })
      await assert.rejects(dialer.open(['h2']), { code: 'proxy-unreachable', message })
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
    const proxies = { HTTPS_PROXY: `http://127.0.0.1:${portOf(silent)}` }
    const asked = async (): Promise<Duplex> => {
      const [socket] = (await once(silent, 'connection')) as [Duplex]
      await once(socket, 'data')
      return socket
    }
    const first = asked()
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const rejected = assert.rejects(dialerTo(gateway, proxies).open(['h2']), {
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
    silent.close()
  })
})

describe('what names a proxy', () => {
  const address = parseGatewayUrl('https://gw.example.com')

  test('a value without a scheme is http, as curl has it; ALL_PROXY comes last', () => {
    const found = (variables: ProxyVariables) => findProxy(address, variables)
    const bare = found({ HTTPS_PROXY: 'proxy.corp:3128' })
    assert.deepEqual([bare?.host, bare?.port, bare?.isTls], ['proxy.corp', 3128, false])
    const secure = found({ HTTPS_PROXY: 'https://proxy.corp' })
    assert.deepEqual([secure?.port, secure?.isTls], [443, true])
    const all = found({ ALL_PROXY: 'http://[::1]:8080' })
    assert.deepEqual([all?.host, all?.variable], ['::1', 'ALL_PROXY'])
    assert.equal(found({ HTTP_PROXY: 'http://proxy.corp:3128' }), undefined)
  })

  test('a gateway without TLS has its own variable, and an empty one names none', () => {
    const here = parseGatewayUrl('http://localhost:8080')
    const [http, https] = ['http://plain.corp:1', 'http://tls.corp:1']
    assert.equal(findProxy(here, { http_proxy: http, https_proxy: https })?.host, 'plain.corp')
    assert.equal(findProxy(here, { https_proxy: https }), undefined)
    const variables = { https_proxy: '', HTTPS_PROXY: https, all_proxy: http }
    assert.equal(findProxy(address, variables)?.variable, 'HTTPS_PROXY')
  })

  test('one that is given by hand is for everything, whatever the environment exempts', () => {
    const variables = { '--proxy': 'hand.corp:1', HTTPS_PROXY: 'env.corp:1', NO_PROXY: '*' }
    assert.equal(findProxy(address, variables)?.host, 'hand.corp')
    const here = parseGatewayUrl('http://localhost:8080')
    assert.equal(findProxy(here, variables)?.variable, '--proxy')
  })

  for (const value of [
    'socks5://u:secret@proxy:1080',
    'http://u:secret@',
    'http://u:%zz@proxy:1',
    '://secret',
  ]) {
    test(`"${value}" is refused without showing it`, () => {
      assert.throws(
        () => findProxy(address, { HTTPS_PROXY: value }),
        (error) => {
          assert.ok(error instanceof SystemError)
          assert.equal(error.code, 'invalid-proxy')
          assert.match(error.message, /^HTTPS_PROXY /)
          assert.doesNotMatch(error.message, /secret/)
          assert.match(error.hint ?? '', /SOCKS is not supported/)
          return true
        },
      )
    })
  }
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2, constants } from 'node:http2'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import * as tls from 'node:tls'
import { createCertificateAuthority } from '../net/certificate.ts'
import { parseIpRange } from '../ip-ranges.ts'
import { dial } from '../net/dial.ts'
import { encodeProxyHeader } from '../net/proxy-protocol.ts'
import {
  connectHead,
  echo,
  exchangeHttp1,
  startService,
  startTestGateway,
  testCa,
  testCertificate,
  testRoute,
} from '../gateway/gateway.fixture.ts'
import { openNextGateway } from './open-next-gateway.ts'
import type { Route } from '../routes/route.ts'
import { throughGateway } from '../routes/upstream-way.fixture.ts'
import type { NextGatewayWay } from '../routes/upstream-way.ts'
import {
  head,
  openTunnel,
  readAll,
  readHead,
  routeBy,
  startFirst,
  startScripted,
  target,
  tlsTo,
  token,
} from './upstream.fixture.ts'
import { waysSuite } from './ways.suite.ts'

waysSuite({
  kind: 'next-gateway',
  // Over TLS a gateway ends its answer in order: stock clients forget their token at a reset.
  tellsReset: false,
  to: (upstreams, more) => throughGateway(upstreams, { ...tlsTo(), ...more }),
  async leadTo(serve) {
    const service = await startService(serve)
    const second = await startTestGateway([toService(service.port)])
    return {
      port: second.port,
      async [Symbol.asyncDispose]() {
        await service[Symbol.asyncDispose]()
        await second[Symbol.asyncDispose]()
      },
    }
  },
  async refusing() {
    const scripted = await startScripted((socket) => {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n')
    })
    return Object.assign(scripted, { why: /next gateway "127\.0\.0\.1:\d+": it answered 503/ })
  },
  async silent(answerTimeoutMs) {
    const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>()
    const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>()
    const scripted = await startScripted((socket) => {
      socket.on('end', onClosed).on('close', onClosed).resume()
      onAsked()
    })
    return Object.assign(scripted, { asked, closed, parts: { answerTimeoutMs } })
  },
})

/** A route of the second gateway, for everybody. */
function toService(port: number): Route {
  return testRoute(`tcp+https://${target}`, [port])
}

/** A route that leads through the gateway on this port, for whoever has a session. */
function routeThrough(
  port: number,
  way: Partial<NextGatewayWay> = tlsTo(),
  more: Partial<Route> = {},
): Route {
  return routeBy(throughGateway([port], way), more)
}

/** What a caller and the log hear of a tunnel that came to nothing. */
async function failure(route: Route): Promise<{ answer: string; error: string }> {
  await using gateway = await startFirst(route)
  const answer = await exchangeHttp1(gateway.port, head())
  const line = await gateway.line((entry) => entry['service'] === 'access')
  assert.equal(line['response-code-details'], 'upstream_unreachable')
  return { answer, error: String(line['error']) }
}

describe('a route through a next gateway', () => {
  test('is one tunnel in the log of each gateway', async () => {
    await using service = await startService(echo)
    await using second = await startTestGateway([toService(service.port)])
    await using first = await startFirst(routeThrough(second.port))
    const socket = await openTunnel(first)
    socket.end('hello')
    assert.equal((await readAll(socket)).toString(), 'hello')
    for (const gateway of [first, second]) {
      const line = await gateway.line((entry) => entry['service'] === 'access')
      assert.deepEqual([line['ended'], line['authority']], ['client-closed', target])
      assert.deepEqual([line['bytes-up'], line['bytes-down']], [5, 5])
    }
  })

  test('asks for the same target, and passes on neither token nor cookie', async () => {
    await using scripted = await startScripted((socket) => {
      socket.write('HTTP/1.1 200 Connection established\r\nContent-Length: 9\r\n\r\nhello')
    })
    await using first = await startFirst(routeThrough(scripted.port))
    const socket = await openTunnel(first)
    const [greeting] = (await once(socket, 'data')) as [Buffer]
    assert.equal(greeting.toString(), 'hello')
    socket.destroy()
    const [line, ...fields] = (scripted.received[0] ?? '').trimEnd().split('\r\n')
    assert.equal(line, `CONNECT ${target} HTTP/1.1`)
    const names = fields.map((field) => field.split(':', 1)[0]?.toLowerCase())
    assert.deepEqual(new Set(names), new Set(['host', 'user-agent', 'via']))
    assert.ok(fields.map((field) => field.toLowerCase()).includes(`host: ${target}`))
    assert.ok(!JSON.stringify(scripted.received).includes(token))
  })

  test('asks for what was asked, where its from names other targets behind a gateway', async () => {
    await using scripted = await startScripted((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'))
    const from = `tcp+https://gate.example.com/${target}/other.example.com:22`
    await using first = await startFirst({ ...routeThrough(scripted.port), from })
    await exchangeHttp1(first.port, head('OTHER.example.com:22'))
    assert.match(scripted.received[0] ?? '', /^CONNECT other\.example\.com:22 HTTP\/1\.1\r\n/)
  })

  test('whose answer comes after others that only inform', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'
    await using second = await startScripted((socket) => {
      socket.write(`${hints}${hints}HTTP/1.1 200 OK\r\n\r\n`)
      echo(socket)
    })
    await using first = await startFirst(routeThrough(second.port))
    const socket = await openTunnel(first)
    socket.end('hello')
    assert.equal((await readAll(socket)).toString(), 'hello')
  })

  test('without TLS on this machine', async () => {
    await using service = await startService((socket) => {
      void readHead(socket).then((text) => {
        assert.match(text, /^CONNECT db\.example\.com:5432 /)
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        echo(socket)
      })
    })
    await using first = await startFirst(routeThrough(service.port, { tls: undefined }))
    const socket = await openTunnel(first)
    socket.end('hello')
    assert.equal((await readAll(socket)).toString(), 'hello')
  })

  test('shows its own certificate to a next gateway that asks for one', async () => {
    const authority = await createCertificateAuthority()
    const own = await authority.issue(['first.example.com'])
    const { promise: shown, resolve } = Promise.withResolvers<unknown>()
    await using service = await startService((raw) => {
      const context = { ...testCertificate, ca: authority.cert, requestCert: true }
      const secured = new tls.TLSSocket(raw, { isServer: true, ...context })
      secured.on('error', () => undefined)
      void readHead(secured).then(() => {
        resolve(secured.getPeerCertificate().subject?.CN)
        secured.end('HTTP/1.1 200 OK\r\n\r\n')
      })
    })
    await using first = await startFirst(routeThrough(service.port, tlsTo({}, own)))
    ;(await openTunnel(first)).destroy()
    assert.equal(await shown, 'first.example.com')
  })
})

describe('a next gateway that cannot be used is 503, and the log alone says why', () => {
  async function failsWith(route: Route, why: RegExp): Promise<void> {
    const { answer, error } = await failure(route)
    assert.match(answer, /^HTTP\/1\.1 503 /)
    assert.match(error, why)
    assert.doesNotMatch(answer, why)
  }

  test('when another authority signed its certificate, unless any will do', async () => {
    await using second = await startTestGateway([])
    const stranger = await createCertificateAuthority()
    const untrusting = tlsTo({}, { ca: stranger.cert })
    await failsWith(routeThrough(second.port, untrusting), /certificate/)
    await using scripted = await startScripted((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'))
    const careless = tlsTo({ skipVerify: true }, { ca: stranger.cert })
    await using first = await startFirst(routeThrough(scripted.port, careless))
    ;(await openTunnel(first)).destroy()
  })

  test('when its certificate is for another name', async () => {
    await using second = await startTestGateway([])
    const other = tlsTo({ serverName: 'other.example.com' })
    await failsWith(routeThrough(second.port, other), /does not match|altnames/)
    // By its host, an address, where no name is given.
    await failsWith(routeThrough(second.port, tlsTo({ serverName: undefined })), /127\.0\.0\.1/)
  })

  test('when it refuses', async () => {
    await using second = await startTestGateway([])
    await failsWith(routeThrough(second.port), /answered 404, its request id is "[0-9a-f-]{36}"/)
  })

  test('when it sends something else than HTTP, too much of it, or its end', async () => {
    const answers: [string, RegExp][] = [
      ['SSH-2.0-OpenSSH_9.2\r\n', /Parse Error/],
      [`HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(40_000)}\r\n\r\n`, /Header overflow/i],
      ['HTTP/1.1 200 OK\r\n', /socket hang up|aborted/],
    ]
    for (const [bytes, why] of answers) {
      await using scripted = await startScripted((socket) => socket.end(bytes))
      await failsWith(routeThrough(scripted.port), why)
    }
  })

  test('when it is gone within the handshake', async () => {
    await using service = await startService((socket) => socket.once('data', () => socket.end()))
    await failsWith(routeThrough(service.port), /disconnected|reset|closed/i)
  })

  test('when the way leads back here, directly or through another', async () => {
    await using first = await startFirst(testRoute('tcp+https://x:1', [1]))
    const publicRoute = (port: number): Route =>
      testRoute(`tcp+https://${target}`, [], undefined, { way: throughGateway([port], tlsTo()) })
    await using second = await startTestGateway([publicRoute(first.port)])
    await first.reload([publicRoute(second.port)])
    const answer = await exchangeHttp1(first.port, head())
    assert.match(answer, /^HTTP\/1\.1 503 /)
    const line = await first.line(({ error }) => /leads back/.test(String(error)))
    assert.equal(line['response-code-details'], 'upstream_unreachable')
    const requests = first.lines.filter(({ service }) => service === 'access')
    assert.ok(requests.length <= 2, `${requests.length} requests`)
  })

  test('when it keeps silent, before TLS or after it', async () => {
    await using silent = await startService((socket) => socket.resume())
    await using scripted = await startScripted((socket) => socket.resume())
    for (const { port } of [silent, scripted]) {
      const gateway = { host: '127.0.0.1', port }
      const asked = {
        gateway,
        target: { host: 'a', port: 1 },
        via: '1.1 x',
        timeoutMs: 200,
      }
      const socket = await dial(gateway)
      await assert.rejects(openNextGateway(socket, tlsTo(), asked, new AbortController().signal), {
        code: 'upstream-unreachable',
        message: `next gateway "127.0.0.1:${port}": no answer in time`,
      })
      assert.ok(socket.destroyed)
    }
  })

  test('when nobody waits for it any more: what was opened is closed', async () => {
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>()
    await using scripted = await startScripted((socket) => {
      socket.on('end', resolve).on('close', resolve).resume()
      onAsked()
    })
    await using first = await startFirst(routeThrough(scripted.port))
    const session = connectHttp2(`https://localhost:${first.port}`, { ca: testCa })
    const authorization = `Pomerium ${token}`
    const stream = session.request({ ':method': 'CONNECT', ':authority': target, authorization })
    stream.on('error', () => undefined)
    await asked
    stream.close(constants.NGHTTP2_CANCEL)
    await closed
    session.destroy()
    const line = await first.line((entry) => entry['service'] === 'access')
    assert.equal(line['response-code-details'], 'client_gone')
  })
})

describe('upstream_proxy_protocol', () => {
  test('lets a next gateway decide by where the client itself comes from', async () => {
    await using service = await startService(echo)
    const from = parseIpRange('127.0.0.1')
    assert.ok(!('fault' in from))
    const office = [{ allow: { and: [{ source_ip: '203.0.113.0/24' }] } }]
    await using second = await startTestGateway(
      [testRoute(`tcp+https://${target}`, [service.port], office)],
      { proxyProtocol: { use: 'optional', from: [from] } },
    )
    const way = throughGateway([second.port], { ...tlsTo(), proxyProtocol: 'v2' })
    await using first = await startTestGateway(
      [testRoute(`tcp+https://${target}`, [], undefined, { way })],
      { proxyProtocol: { use: true, from: [from] } },
    )
    const statusFrom = async (host: string): Promise<string> => {
      const raw = connect({ port: first.port, host: '127.0.0.1' })
      const destination = { host: '192.0.2.1', port: 443 }
      raw.write(encodeProxyHeader('v1', { source: { host, port: 51_000 }, destination }))
      const socket = tls.connect({ socket: raw, servername: 'localhost', ca: testCa })
      socket.write(connectHead(target))
      const answer = await readHead(socket)
      socket.destroy()
      raw.destroy()
      return answer.split(' ')[1] ?? ''
    }
    assert.equal(await statusFrom('203.0.113.9'), '200')
    assert.equal(await statusFrom('198.51.100.9'), '503')
    const line = await second.line(({ ip }) => ip === '198.51.100.9')
    assert.equal(line['service'], 'authorize')
  })
})

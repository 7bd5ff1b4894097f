import assert from 'node:assert/strict'
import { connect as connectHttp2 } from 'node:http2'
import { connect, Socket } from 'node:net'
import { describe, test } from 'node:test'
import * as tls from 'node:tls'
import { startService, startTestGateway, testCa, testRoute } from '../gateway/gateway.fixture.ts'
import { dial } from '../net/dial.ts'
import { freePort } from '../net/free-port.fixture.ts'
import { decodeProxyHeader, encodeProxyHeader, proxyVersions } from '../net/proxy-protocol.ts'
import { directTo } from '../routes/upstream-way.fixture.ts'
import { openTunnel, readAll, target } from './upstream.fixture.ts'
import { waysSuite, type SilentPlace } from './ways.suite.ts'

waysSuite({
  kind: 'direct',
  tellsReset: true,
  to: directTo,
  leadTo: startService,
  async refusing() {
    const port = await freePort()
    return { port, why: /refused the connection/, [Symbol.asyncDispose]: nothing }
  },
  silent,
})

/** Where connections are never made: the host is there, and does not answer. */
async function silent(timeoutMs: number): Promise<SilentPlace> {
  const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>()
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>()
  const begin = (() => {
    onAsked()
    return new Socket().once('close', onClosed)
  }) as typeof connect
  return {
    port: await freePort(),
    asked,
    closed,
    parts: { dial: (to, options) => dial(to, { ...options, timeoutMs, connect: begin }) },
    [Symbol.asyncDispose]: nothing,
  }
}

function nothing(): Promise<void> {
  return Promise.resolve()
}

describe('upstream_proxy_protocol', () => {
  for (const version of proxyVersions) {
    test(`tells a service who the client is before any other byte: ${version}`, async () => {
      const { promise, resolve } = Promise.withResolvers<Buffer>()
      await using service = await startService((socket) => {
        resolve(readAll(socket))
        socket.end()
      })
      const way = directTo([service.port], { proxyProtocol: version })
      const route = testRoute(`tcp+https://${target}`, [], undefined, { way })
      await using gateway = await startTestGateway([route])
      const socket = await openTunnel(gateway)
      const { localPort } = socket
      socket.end('payload')
      socket.resume()
      const received = await promise
      const header = decodeProxyHeader(received)
      assert.ok(typeof header === 'object')
      assert.deepEqual(header.source, { host: '127.0.0.1', port: localPort })
      assert.deepEqual(header.destination, { host: '127.0.0.1', port: gateway.port })
      assert.equal(received.subarray(header.lengthBytes).toString(), 'payload')
    })

    test(`tells what the edge told, over HTTP/2 too: ${version}`, async () => {
      const { promise, resolve } = Promise.withResolvers<Buffer>()
      await using service = await startService((socket) => socket.once('data', resolve))
      const way = directTo([service.port], { proxyProtocol: version })
      const route = testRoute(`tcp+https://${target}`, [], undefined, { way })
      await using gateway = await startTestGateway([route], {
        proxyProtocol: { use: true, from: undefined },
      })
      const endpoints = {
        source: { host: '2001:db8::9', port: 51_000 },
        destination: { host: '2001:db8::1', port: 443 },
      }
      const raw = connect({ port: gateway.port, host: '127.0.0.1' })
      raw.write(encodeProxyHeader('v2', endpoints))
      const session = connectHttp2('https://localhost', {
        createConnection: () =>
          tls.connect({ socket: raw, servername: 'localhost', ca: testCa, ALPNProtocols: ['h2'] }),
      })
      const stream = session.request({ ':method': 'CONNECT', ':authority': target })
      const header = decodeProxyHeader(await promise)
      assert.ok(typeof header === 'object')
      assert.deepEqual({ source: header.source, destination: header.destination }, endpoints)
      stream.destroy()
      session.destroy()
      raw.destroy()
    })
  }
})

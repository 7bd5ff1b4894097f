import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2, createSecureServer, type ServerHttp2Stream } from 'node:http2'
import { connect, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import { createCertificateAuthority } from '../net/certificate.ts'
import { abandon } from '../net/abandon.ts'
import { startSmallServer } from './small-server.fixture.ts'
import { tlsError } from './tls-error.ts'
import { handshake } from './tls-handshake.ts'

test('a tunnel that is given up is a reset for the gateway, not an end', async (t) => {
  const authority = await createCertificateAuthority()
  const pair = await authority.issue(['localhost'])
  const server = createServer({ cert: pair.cert, key: pair.key })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const accepted = once(server, 'secureConnection') as Promise<[TLSSocket]>
  const tunnel = await handshake(connect({ port, host: '127.0.0.1' }), {
    peer: { host: 'localhost', port },
    trust: { isVerified: true, clientCertificate: undefined },
    authorities: { ca: [authority.cert] },
    protocols: ['http/1.1'],
  })
  const [gateway] = await accepted
  const how = new Promise<string>((resolve) => {
    gateway.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    gateway.once('end', () => resolve('end'))
  })
  tunnel.write('half of it')
  await once(gateway, 'data')
  abandon(tunnel, new Error('the local side was reset'))
  assert.equal(await how, 'ECONNRESET')
})

test('what passes over HTTP/2 is counted, also within the TLS of a proxy', async (t) => {
  const authority = await createCertificateAuthority()
  const pair = await authority.issue(['localhost'])
  const gateway = createSecureServer(pair).listen(0, '127.0.0.1')
  await once(gateway, 'listening')
  gateway.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => undefined).respond()
    stream.pipe(stream)
  })
  const proxy = createServer(pair, (socket) => {
    const { port } = gateway.address() as AddressInfo
    const way = connect({ port, host: '127.0.0.1' })
    for (const one of [way, socket]) one.on('error', () => undefined)
    socket.pipe(way).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.after(() => {
    proxy.close()
    gateway.close()
  })
  const to = { host: 'localhost', port: (proxy.address() as AddressInfo).port }
  const trust = { isVerified: true, clientCertificate: undefined }
  const authorities = { ca: [authority.cert] }
  const outer = await handshake(connect({ port: to.port, host: '127.0.0.1' }), {
    peer: to,
    trust,
    authorities,
    protocols: ['http/1.1'],
  })
  const inner = await handshake(outer, { peer: to, trust, authorities, protocols: ['h2'] })
  const session = connectHttp2('https://localhost', { createConnection: () => inner })
  t.after(() => session.destroy())
  const stream = session.request({ ':method': 'POST' }, { endStream: false })
  const before = [inner.bytesRead, inner.bytesWritten]
  const sent = Buffer.alloc(10_000)
  stream.write(sent)
  for (let unheard = sent.length; unheard > 0;) {
    const [chunk] = (await once(stream, 'data')) as [Buffer]
    unheard -= chunk.length
  }
  const passed = [inner.bytesRead, inner.bytesWritten].map((now, at) => now - (before[at] ?? 0))
  assert.ok(
    passed.every((bytes) => bytes >= sent.length && bytes < 2 * sent.length),
    String(passed),
  )
})

test('a peer that takes the connection and never speaks is told as that', async (t) => {
  const port = await startSmallServer(t, {})
  const peer = { host: '127.0.0.1', port }
  const failed = handshake(connect({ port, host: '127.0.0.1' }), {
    peer,
    trust: { isVerified: true, clientCertificate: undefined },
    authorities: {},
    protocols: ['http/1.1'],
    timeoutMs: 100,
  })
  const error = await failed.then(
    () => assert.fail('it spoke'),
    (reason: unknown) => tlsError(peer, reason),
  )
  assert.match(error.message, /takes the connection and says nothing to a TLS handshake$/)
  assert.match(error.hint ?? '', /something on the way swallows/)
})

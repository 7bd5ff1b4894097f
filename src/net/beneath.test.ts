import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import * as tls from 'node:tls'
import { abandon } from './abandon.ts'
import { resetBeneath, runsOn } from './beneath.ts'
import { createCertificateAuthority } from './certificate.ts'

interface Ends {
  /** The end of the peer, who does as told, and what it runs on. */
  readonly peer: readonly [stream: tls.TLSSocket, connection: Socket]
  readonly own: readonly [stream: tls.TLSSocket, connection: Socket]
}

/** A client and a server that were told what they run on; `own` is the one that is tested. */
async function openEnds(t: TestContext, own: 'client' | 'server'): Promise<Ends> {
  const authority = await createCertificateAuthority()
  const secure = tls.createServer(await authority.issue(['localhost']))
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const { port } = server.address() as AddressInfo
  const connection = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const [far] = await accepted
  const served = once(secure, 'secureConnection') as Promise<[tls.TLSSocket]>
  secure.emit('connection', far)
  const near = tls.connect({ socket: connection, servername: 'localhost', ca: authority.cert })
  const [[stream]] = await Promise.all([served, once(near, 'secureConnect')])
  for (const one of [near, stream]) {
    one.allowHalfOpen = true
    one.on('error', () => undefined)
  }
  t.after(() => {
    server.close()
    for (const one of [near, stream, connection, far]) one.destroy()
  })
  const [client, gateway] = [[near, connection] as const, [stream, far] as const]
  return own === 'client' ? { own: client, peer: gateway } : { own: gateway, peer: client }
}

for (const side of ['client', 'server'] as const) {
  // Limits, deadlines and the peer's address are bound to it.
  test(`a connection lasts as long as the stream of a ${side} whose peer has ended its side`, async (t) => {
    const { own, peer } = await openEnds(t, side)
    const [stream, connection] = own
    const [far] = peer
    runsOn(stream, connection)
    const closed = new Set<Socket>()
    for (const one of [connection, stream]) one.once('close', () => closed.add(one))
    far.end()
    await once(stream.resume(), 'end')
    for (let pieces = 0; pieces < 3; pieces += 1) {
      stream.write('.')
      await once(far, 'data')
    }
    assert.equal(closed.size, 0)
    stream.end()
    await once(far, 'end')
    for (const one of own) if (!closed.has(one)) await once(one, 'close')
  })

  test(`a ${side} may destroy the connection of a stream whose peer has ended its side`, async (t) => {
    const { own, peer } = await openEnds(t, side)
    const [stream, connection] = own
    runsOn(stream, connection)
    peer[0].resume().end()
    await once(stream.resume(), 'end')
    const closed = once(stream, 'close')
    const gone = once(peer[1], 'close')
    connection.destroy()
    await Promise.all([closed, gone])
  })
}

test('a stream that is given up after its peer has ended is a reset, not an end', async (t) => {
  const { own, peer } = await openEnds(t, 'client')
  const [stream, connection] = own
  resetBeneath(stream, connection)
  const [far] = peer
  far.resume().end()
  await once(stream.resume(), 'end')
  const how = new Promise<string>((resolve) => {
    far.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    far.once('end', () => resolve('end'))
  })
  stream.write('half of it')
  await once(far, 'data')
  abandon(stream, new Error('the local side was reset'))
  assert.equal(await how, 'ECONNRESET')
})

// Whether a peer is there, and whether it floods, is told by these.
test('a TLS stream counts what HTTP/2 takes and says, at either end', async (t) => {
  const authority = await createCertificateAuthority()
  const sessions = http2.createServer()
  const secure = tls.createServer({
    ...(await authority.issue(['localhost'])),
    ALPNProtocols: ['h2'],
  })
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    secure.once('secureConnection', (socket: tls.TLSSocket) => {
      runsOn(socket, connection)
      sessions.emit('connection', socket)
    })
    secure.emit('connection', connection)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const served = once(secure, 'secureConnection') as Promise<[tls.TLSSocket]>
  const connection = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const options = { servername: 'localhost', ca: authority.cert, ALPNProtocols: ['h2'] }
  const near = tls.connect({ socket: connection, ...options })
  await once(near, 'secureConnect')
  resetBeneath(near, connection)
  const session = http2.connect('https://localhost', { createConnection: () => near })
  t.after(() => session.destroy())
  await once(session, 'remoteSettings')
  const [far] = await served
  const counts = (): number[] =>
    [near, far].flatMap((socket: Socket) => [socket.bytesRead, socket.bytesWritten])
  for (let pings = 0; pings < 3; pings += 1) {
    const before = counts()
    await new Promise<void>((resolve) => session.ping(() => resolve()))
    assert.ok(
      counts().every((count, index) => count >= (before[index] ?? 0) + 17),
      `${before.join()} became ${counts().join()}`,
    )
  }
})

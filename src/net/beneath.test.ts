import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import * as tls from 'node:tls'
import { resetBeneath, runsOn } from './beneath.ts'
import { createCertificateAuthority } from './certificate.ts'

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

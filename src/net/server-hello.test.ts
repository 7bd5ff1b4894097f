import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import * as tls from 'node:tls'
import fc from 'fast-check'
import { createCertificateAuthority } from './certificate.ts'
import { keyExchangeIn, watchServerHello } from './server-hello.ts'

const pair = await (await createCertificateAuthority()).issue(['localhost'])

/** Speaks TLS through a watched connection, and answers what it was told. */
async function exchangeWith(t: TestContext, options: tls.TlsOptions): Promise<string | undefined> {
  const server = tls.createServer({ ...pair, ...options }, (socket) => {
    socket.on('error', () => undefined).end('hello')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const connection = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' })
  const watched = watchServerHello(connection)
  const socket = tls.connect({ socket: watched.stream, rejectUnauthorized: false })
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await once(socket, 'end')
  assert.equal(text, 'hello', 'what passes is passed on')
  socket.destroy()
  return watched.keyExchange()
}

test('the key exchange that a server has chosen is told by its first bytes', async (t) => {
  assert.equal(await exchangeWith(t, {}), 'X25519MLKEM768')
  assert.equal(await exchangeWith(t, { ecdhCurve: 'X25519' }), 'X25519')
  // The client has sent no share of this one: a HelloRetryRequest comes first.
  assert.equal(await exchangeWith(t, { ecdhCurve: 'P-384' }), 'P-384')
  assert.equal(await exchangeWith(t, { maxVersion: 'TLSv1.2' }), undefined)
})

test('whatever comes instead, in whatever pieces, is no key exchange, and no error', () => {
  const start = fc.constantFrom([22, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3], [22, 3, 3], [])
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 300 }), (head, rest) => {
      const found = keyExchangeIn(Buffer.concat([Buffer.from(head), rest]))
      assert.ok(found === undefined || /^(?:group \d+|[\w-]+)$/.test(found))
    }),
  )
})

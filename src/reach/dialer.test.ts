import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type TlsOptions } from 'node:tls'
import { test, type TestContext } from 'node:test'
import { AppError } from '../errors.ts'
import { createCertificateAuthority } from '../net/certificate.ts'
import { createDialer, type OwnProtocolDialer } from './dialer.ts'
import { parseGatewayUrl } from './destination.ts'

const protocol = 'postern-test/1'

async function listen(t: TestContext, options: TlsOptions): Promise<OwnProtocolDialer> {
  const authority = await createCertificateAuthority()
  const { cert, key } = await authority.issue(['gateway.test'])
  const server = createServer({ cert, key, ...options }).listen(0, '127.0.0.1')
  server.on('secureConnection', (socket) => socket.on('error', () => undefined).resume())
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  return createDialer({
    gateway: parseGatewayUrl(`https://gateway.test:${port}`),
    trust: { isVerified: true, extraCa: [authority.cert], clientCertificate: undefined },
  })
}

/** The name leads nowhere but by it. */
const lookup = (_host: string, _options: unknown, done: (error: null, found: never[]) => void) =>
  done(null, [{ address: '127.0.0.1', family: 4 } as never])

const options = { signal: new AbortController().signal, lookup }

const codeOf = (code: string) => (error: unknown) =>
  error instanceof AppError && error.code === code

test('a protocol of our own is spoken with whoever knows it, at the addresses that were looked up', async (t) => {
  const dialer = await listen(t, { ALPNProtocols: ['h2', protocol] })
  const socket = await dialer.openOwn(protocol, options)
  assert.equal(socket.alpnProtocol, protocol)
  socket.destroy()
})

test('whoever does not know it is said not to, whether or not it says so in TLS', async (t) => {
  for (const ALPNProtocols of [['h2'], undefined]) {
    const dialer = await listen(t, ALPNProtocols === undefined ? {} : { ALPNProtocols })
    await assert.rejects(dialer.openOwn(protocol, options), codeOf('protocol-unknown'))
  }
})

test('whoever speaks no TLS 1.3 is said to stand before the gateway, and gets nothing', async (t) => {
  const dialer = await listen(t, { ALPNProtocols: [protocol], maxVersion: 'TLSv1.2' })
  await assert.rejects(dialer.openOwn(protocol, options), (error) => {
    assert.ok(error instanceof AppError && error.code === 'protocol-unknown')
    assert.match(error.message, /does not speak TLS 1\.3/)
    assert.match(error.hint ?? '', /ends TLS/)
    return true
  })
})

test('a gateway without TLS is never asked for it', async () => {
  const dialer = createDialer({
    gateway: parseGatewayUrl('http://127.0.0.1:1'),
    trust: { isVerified: true, extraCa: [], clientCertificate: undefined },
  })
  await assert.rejects(dialer.openOwn(protocol, options), codeOf('invalid-gateway-url'))
})

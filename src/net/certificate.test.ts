import assert from 'node:assert/strict'
import { once } from 'node:events'
import { X509Certificate } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import * as tls from 'node:tls'
import { createCertificateAuthority } from './certificate.ts'

test('a client that trusts the authority accepts its certificates for the named hosts only', async () => {
  const authority = await createCertificateAuthority()
  const pair = await authority.issue(['localhost', '127.0.0.1'])
  const server = tls.createServer(pair, (socket) => socket.end())
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const connect = (servername: string): tls.TLSSocket =>
    tls.connect({ port, host: '127.0.0.1', servername, ca: authority.cert })
  try {
    await once(connect('localhost').resume(), 'secureConnect')
    const [error] = (await once(connect('example.com'), 'error')) as [NodeJS.ErrnoException]
    assert.equal(error.code, 'ERR_TLS_CERT_ALTNAME_INVALID')
  } finally {
    server.close()
  }
})

test('a certificate carries the validity it was asked for', async () => {
  const authority = await createCertificateAuthority()
  const notAfter = new Date('2020-01-02T00:00:00Z')
  const { cert } = await authority.issue(['old.example.com'], {
    notBefore: new Date('2020-01-01T00:00:00Z'),
    notAfter,
  })
  assert.equal(new X509Certificate(cert).validToDate.getTime(), notAfter.getTime())
})

test('an authority below another signs client certificates and lists what it has revoked', async () => {
  const root = await createCertificateAuthority({ name: 'Root', pathLength: 1 })
  const below = await root.issueAuthority({ name: 'Below' })
  const { cert } = await below.issueClient({ name: 'ada', email: ['ada@example.com'] })
  const [leaf, issuer] = [new X509Certificate(cert), new X509Certificate(below.cert)]
  assert.equal(leaf.subjectAltName, 'email:ada@example.com')
  assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.2'])
  assert.ok(leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey))
  assert.ok(issuer.verify(new X509Certificate(root.cert).publicKey))
  assert.match(await below.revoke([cert]), /^-----BEGIN X509 CRL-----\n/)
})

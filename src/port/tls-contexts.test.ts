import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import * as tls from 'node:tls'
import { createCertificateAuthority } from '../net/certificate.ts'
import { openTestPort } from './port.fixture.ts'
import { createTlsContexts } from './tls-contexts.ts'

const authority = await createCertificateAuthority()

test('the certificate follows the server name, and new ones are taken over while it listens', async (t) => {
  const [a, wild, next] = await Promise.all([
    authority.issue(['a.example.com']),
    authority.issue(['*.apps.example.com']),
    authority.issue(['next.example.com']),
  ])
  const port = await openTestPort(t, { contexts: createTlsContexts([a, wild]) })
  const subject = (servername: string): Promise<string> => subjectOf(port.address.port, servername)
  assert.equal(await subject('a.example.com'), 'a.example.com')
  assert.equal(await subject('x.apps.example.com'), '*.apps.example.com')
  assert.equal(await subject('x.apps.example.com.'), '*.apps.example.com')
  assert.equal(await subject('other.example.com'), 'a.example.com')
  assert.equal(await subject(''), 'a.example.com')
  port.replaceCertificates([next])
  assert.equal(await subject('a.example.com'), 'next.example.com')
  assert.equal(await subject(''), 'next.example.com')
})

test('of certificates that cover a name the first answers, a pattern or not', async () => {
  const issue = (...names: readonly string[]) => authority.issue(names)
  const [wild, exact, both] = [
    await issue('*.example.com'),
    await issue('a.example.com'),
    await issue('b.example.com', 'A.Example.com'),
  ]
  const contexts = createTlsContexts([wild, exact, both])
  const select = (name: string): unknown => {
    let found: unknown
    contexts.select(name, (_error, context) => (found = context))
    return found
  }
  const [byWild, byBoth] = [select('x.example.com'), select('b.example.org')]
  assert.equal(select('a.example.com'), byWild)
  assert.equal(select('b.example.com'), byWild)
  assert.equal(byBoth, byWild)
  contexts.replace([exact, both, wild])
  const first = select('a.example.com')
  assert.notEqual(first, byWild)
  assert.notEqual(select('b.example.com'), first)
  // What was there before is there still: nothing is made anew.
  assert.equal(select('x.example.com'), byWild)
})

test('what OpenSSL refuses replaces nothing', async () => {
  const [a, b] = [
    await authority.issue(['a.example.com']),
    await authority.issue(['b.example.com']),
  ]
  const contexts = createTlsContexts([a])
  assert.throws(() => contexts.replace([{ cert: b.cert, key: a.key }]), /mismatch/i)
  assert.equal(contexts.base.cert, a.cert)
})

test('reserved names are answered with their own certificate, and no other name is', async (t) => {
  const [wild, own, renewed, next] = await Promise.all([
    authority.issue(['*.example.com']),
    authority.issue(['h2.example.com']),
    authority.issue(['renewed.example.com']),
    authority.issue(['next.example.com']),
  ])
  const port = await openTestPort(t, { contexts: createTlsContexts([wild]) })
  const subject = (servername: string): Promise<string> => subjectOf(port.address.port, servername)
  port.setReservedNames(['h2.example.com'], own)
  assert.equal(await subject('h2.example.com'), 'h2.example.com')
  assert.equal(await subject('H2.example.com'), 'h2.example.com')
  assert.equal(await subject('a.example.com'), '*.example.com')
  assert.equal(await subject(''), '*.example.com')
  port.replaceCertificates([next])
  assert.equal(await subject('h2.example.com'), 'h2.example.com')
  port.setReservedNames(['h2.example.com'], renewed)
  assert.equal(await subject('h2.example.com'), 'renewed.example.com')
})

test('a handshake for a reserved name waits for its certificate, and no other handshake does', async (t) => {
  const [other, own] = await Promise.all([
    authority.issue(['a.example.com']),
    authority.issue(['h2.example.com']),
  ])
  const port = await openTestPort(t, { contexts: createTlsContexts([other]) })
  const asked = Promise.withResolvers<void>()
  const made = Promise.withResolvers<void>()
  port.awaitReservedNames(['h2.example.com'], () => {
    asked.resolve()
    return made.promise
  })
  const waiting = subjectOf(port.address.port, 'H2.example.com')
  await asked.promise
  assert.equal(await subjectOf(port.address.port, 'a.example.com'), 'a.example.com')
  port.setReservedNames(['h2.example.com'], own)
  made.resolve()
  assert.equal(await waiting, 'h2.example.com')
})

test('a reserved name without a certificate is answered as others are', async (t) => {
  const contexts = createTlsContexts([await authority.issue(['a.example.com'])])
  const port = await openTestPort(t, { contexts })
  port.awaitReservedNames(['h2.example.com'], () => Promise.resolve())
  assert.equal(await subjectOf(port.address.port, 'h2.example.com'), 'a.example.com')
})

test('a client that offers P-256 alone shakes hands, as stock connectors do', async (t) => {
  const port = await openTestPort(t, {
    contexts: createTlsContexts([await authority.issue(['a.example.com'])]),
  })
  port.setReservedNames(['h2.example.com'], await authority.issue(['h2.example.com']))
  const socket = tls.connect({
    port: port.address.port,
    host: '127.0.0.1',
    servername: 'h2.example.com',
    ecdhCurve: 'P-256',
    ca: authority.cert,
  })
  await once(socket, 'secureConnect')
  socket.destroy()
})

test('TLS 1.1 and what is no ALPN of ours are refused, no ALPN at all is not', async (t) => {
  const port = await openTestPort(t, {
    contexts: createTlsContexts([await authority.issue(['a.example.com'])]),
  })
  const connect = async (options: tls.ConnectionOptions): Promise<string | false | null> => {
    const socket = tls.connect({
      port: port.address.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ...options,
    })
    await once(socket, 'secureConnect')
    socket.destroy()
    return socket.alpnProtocol
  }
  await assert.rejects(
    connect({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
  )
  await assert.rejects(connect({ ALPNProtocols: ['spdy/3'] }))
  assert.equal(await connect({ ALPNProtocols: ['h2', 'http/1.1'] }), 'h2')
  assert.equal(await connect({ ALPNProtocols: ['http/1.1'] }), 'http/1.1')
  assert.equal(await connect({}), false)
})

async function subjectOf(port: number, servername: string): Promise<string> {
  const socket = tls.connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return String(subject.CN)
}

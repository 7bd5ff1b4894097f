import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import * as tls from 'node:tls'
import { createCertificateAuthority } from '../net/certificate.ts'
import { openTestPort } from './port.fixture.ts'
import { createTlsContexts, type Certificate } from './tls-contexts.ts'

const authority = await createCertificateAuthority()
const own = await authority.issue(['db.example.com'])
const proof = await authority.issue(['proof.example.com'])

/** Proofs by the name that they are for, which a test puts and takes away. */
function createProofs() {
  const open = new Map<string, Certificate>()
  return {
    open,
    get isEmpty() {
      return open.size === 0
    },
    certificateFor: (serverName: string) => open.get(serverName),
  }
}

interface Shown {
  readonly names: string | undefined
  readonly protocol: string | false | null
}

/** What a client is shown; undefined where its handshake fails. */
async function shownTo(port: number, options: tls.ConnectionOptions): Promise<Shown | undefined> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  try {
    await once(socket, 'secureConnect')
    const { raw } = socket.getPeerCertificate()
    return {
      names: new X509Certificate(raw).subjectAltName,
      protocol: socket.alpnProtocol,
    }
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}

const asked = { servername: 'db.example.com', ALPNProtocols: ['acme-tls/1'] }
const proven = { names: 'DNS:proof.example.com', protocol: 'acme-tls/1' }

test('an authority is shown the proof, in either version, and everybody else the certificate', async (t) => {
  const challenges = createProofs()
  const contexts = createTlsContexts([own])
  const { port } = (await openTestPort(t, { challenges, contexts })).address
  assert.equal(await shownTo(port, asked), undefined)
  challenges.open.set('db.example.com', proof)
  for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
    assert.deepEqual(await shownTo(port, { ...asked, maxVersion }), proven)
    const person = { servername: 'db.example.com', ALPNProtocols: ['h2'], maxVersion }
    assert.deepEqual(await shownTo(port, person), { names: 'DNS:db.example.com', protocol: 'h2' })
  }
  assert.equal(await shownTo(port, { ...asked, servername: 'other.example.com' }), undefined)
  assert.equal(await shownTo(port, { ALPNProtocols: ['acme-tls/1'] }), undefined)
  challenges.open.delete('db.example.com')
  assert.equal(await shownTo(port, asked), undefined)
})

test('nothing is said on such a connection, and it ends', async (t) => {
  const challenges = createProofs()
  challenges.open.set('db.example.com', proof)
  const { port } = (await openTestPort(t, { challenges })).address
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...asked })
  let bytes = 0
  socket.on('data', (chunk: Buffer) => (bytes += chunk.length))
  await once(socket, 'secureConnect')
  socket.write('GET / HTTP/1.1\r\nhost: db.example.com\r\n\r\n')
  await once(socket, 'close')
  assert.equal(bytes, 0)
})

test('whoever goes on talking there is not kept', { timeout: 20_000 }, async (t) => {
  const challenges = createProofs()
  challenges.open.set('db.example.com', proof)
  const { port } = (await openTestPort(t, { challenges, handshakeTimeoutMs: 500 })).address
  const connection = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const options = { socket: connection, allowHalfOpen: true, rejectUnauthorized: false }
  const socket = tls.connect({ ...options, ...asked })
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  const talk = setInterval(() => socket.write('.'), 50)
  t.after(() => clearInterval(talk))
  await once(connection.resume(), 'close')
})

test('a ClientHello in pieces is waited for while a name is proven, and only for so long', async (t) => {
  const challenges = createProofs()
  challenges.open.set('db.example.com', proof)
  const { port } = (await openTestPort(t, { challenges, handshakeTimeoutMs: 300 })).address
  const silent = connect(port, '127.0.0.1')
  silent.write(Buffer.from([22, 3, 1, 2]))
  await once(silent, 'close')
  // What is no TLS at all is answered as it was before.
  const plain = connect(port, '127.0.0.1')
  plain.end('hello there\r\n')
  plain.resume()
  await once(plain, 'close')
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import * as tls from 'node:tls'
import { createCertificateAuthority } from '../../net/certificate.ts'
import { openConnection } from './ends.fixture.ts'
import { channelBinding, isProof, proofOf, type ProofParts } from './proof.ts'

const parts: ProofParts = {
  secret: Buffer.alloc(32, 7),
  channel: Buffer.alloc(32, 9),
  applicant: { tunnelId: 't', connectorId: 'c', connIndex: 1 },
}

test('both ends of a connection know the same of it, and those of another something else', async () => {
  using one = await openConnection()
  using other = await openConnection()
  const [atGateway, atConnector] = [channelBinding(one.atGateway), channelBinding(one.atConnector)]
  assert.equal(atGateway?.length, 32)
  assert.deepEqual(atGateway, atConnector)
  assert.notDeepEqual(atGateway, channelBinding(other.atGateway))
})

test('a connection that has taken up the session of another is bound as another', async (t) => {
  const authority = await createCertificateAuthority()
  // Of one server: Bun gives ticket keys to none.
  const server = tls.createServer(await authority.issue(['localhost'])).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const open = async (session?: Buffer) => {
    const options = {
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      ca: authority.cert,
      session,
    }
    const arrived = once(server, 'secureConnection') as Promise<[tls.TLSSocket]>
    const atConnector = tls.connect(options)
    t.after(() => atConnector.destroy())
    const [[atGateway]] = await Promise.all([arrived, once(atConnector, 'secureConnect')])
    return { atConnector, atGateway }
  }
  const first = await open()
  const told = once(first.atConnector.resume(), 'session') as Promise<[Buffer]>
  // BoringSSL, which Bun has, sends tickets with the first bytes.
  first.atGateway.write('x')
  const second = await open((await told)[0])
  assert.equal(second.atConnector.isSessionReused(), true)
  assert.equal(second.atConnector.getProtocol(), 'TLSv1.3')
  assert.deepEqual(channelBinding(second.atGateway), channelBinding(second.atConnector))
  assert.notDeepEqual(channelBinding(second.atGateway), channelBinding(first.atGateway))
})

test('before TLS 1.3, and once it has ended, nothing is bound to a connection', async () => {
  using old = await openConnection({ tlsOptions: { maxVersion: 'TLSv1.2' } })
  assert.equal(old.atGateway.getProtocol(), 'TLSv1.2')
  assert.equal(channelBinding(old.atGateway), undefined)
  using gone = await openConnection()
  gone.atGateway.destroy()
  assert.equal(channelBinding(gone.atGateway), undefined)
})

test('a proof is that of its prover, secret, connection and applicant alone', () => {
  const proof = proofOf('connector', parts)
  assert.equal(proof, 'KUbzHuC7dt6S2kgLXoEmS2ZU_X7mbzBK4d13nI_J2QQ')
  assert.equal(isProof(proof, 'connector', parts), true)
  assert.equal(isProof(proof, 'gateway', parts), false)
  const others: readonly Partial<ProofParts>[] = [
    { secret: Buffer.alloc(32, 8) },
    { secret: Buffer.alloc(31, 7) },
    { channel: Buffer.alloc(32) },
    { applicant: { ...parts.applicant, tunnelId: 'T' } },
    { applicant: { ...parts.applicant, connectorId: 'd' } },
    { applicant: { ...parts.applicant, connIndex: 2 } },
    { applicant: { tunnelId: 't","c', connectorId: '', connIndex: 1 } },
  ]
  for (const other of others)
    assert.equal(isProof(proof, 'connector', { ...parts, ...other }), false, JSON.stringify(other))
})

test('what is no proof at all is none', () => {
  const proof = proofOf('connector', parts)
  for (const given of ['', proof.slice(1), `${proof}=`, ` ${proof}`, 'é'.repeat(43)])
    assert.equal(isProof(given, 'connector', parts), false, given)
})

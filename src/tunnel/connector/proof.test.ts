import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
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

test('a connection that has taken up the session of another is bound as another', async () => {
  using first = await openConnection()
  const [session] = (await once(first.atConnector.resume(), 'session')) as [Buffer]
  using second = await openConnection({ tlsOptions: { session } })
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

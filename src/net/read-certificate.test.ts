import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { createCertificateAuthority } from './certificate.ts'
import { readCertificate } from './read-certificate.ts'

const authority = await createCertificateAuthority()

test('hashes are those that openssl prints', async () => {
  const { cert } = await authority.issueClient({ name: 'x' })
  const x509 = new X509Certificate(cert)
  const { fingerprint, spkiHash } = readCertificate(x509)
  assert.equal(fingerprint, createHash('sha256').update(x509.raw).digest('hex'))
  const spki = x509.publicKey.export({ type: 'spki', format: 'der' })
  // It stands as it is in the certificate.
  assert.ok(x509.raw.includes(spki))
  assert.equal(spkiHash, createHash('sha256').update(spki).digest('base64'))
})

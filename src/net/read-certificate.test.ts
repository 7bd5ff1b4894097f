import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { createCertificateAuthority, type ClientNames } from './certificate.ts'
import { readCertificate, type AlternativeNames } from './read-certificate.ts'

const authority = await createCertificateAuthority()

async function namesOf(names: Omit<ClientNames, 'name'>): Promise<AlternativeNames> {
  const { cert } = await authority.issueClient({ name: 'x', ...names })
  return readCertificate(new X509Certificate(cert)).names
}

test('names of every kind are read, and others passed over', async () => {
  const ip = ['10.0.0.1', '2001:db8::1']
  const names = { dns: ['a.example'], email: ['ada@a.example'], uri: ['spiffe://a/b'], ip }
  const upn = ['ada@corp.example', 'Ärger, "ada"']
  const { ip: ip_address, ...same } = names
  assert.deepEqual(await namesOf({ ...names, upn }), {
    ...same,
    ip_address,
    user_principal_name: upn,
  })
})

test('no name can pretend to be several', async () => {
  const dns = ['a, DNS:b.example', 'a\0.b.example', '"', '\\", DNS:"b', 'UPN:x', '']
  const none = { email: [], uri: [], ip_address: [], user_principal_name: [] }
  assert.deepEqual(await namesOf({ dns }), { ...none, dns })
})

test('whatever characters names have, they are read as they were written', async () => {
  const ascii = fc.string({
    unit: fc.nat(0x7f).map((code) => String.fromCharCode(code)),
    minLength: 1,
  })
  // Few characters, those that stand between names the most.
  const tricky = fc.string({
    unit: fc.constantFrom(...Array.from('",:\\ \nDNSUP\'é😀')),
    minLength: 1,
  })
  const list = { maxLength: 3 }
  const names = fc.record({
    dns: fc.array(ascii, list),
    email: fc.array(ascii, list),
    uri: fc.array(ascii, list),
    upn: fc.array(tricky, list),
  })
  await fc.assert(
    fc.asyncProperty(names, async ({ upn, ...same }) => {
      const { ip_address, user_principal_name, ...read } = await namesOf({ ...same, upn })
      assert.deepEqual([read, ip_address, user_principal_name], [same, [], upn])
    }),
    { numRuns: 200 },
  )
})

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

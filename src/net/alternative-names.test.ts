import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { createCertificateAuthority, type ClientNames } from './certificate.ts'
import { readAlternativeNames, type AlternativeNames } from './alternative-names.ts'

const authority = await createCertificateAuthority()

async function namesOf(names: Omit<ClientNames, 'name'>): Promise<AlternativeNames> {
  return readAlternativeNames(await rawOf(names))
}

async function rawOf(names: Omit<ClientNames, 'name'>): Promise<Buffer> {
  const { cert } = await authority.issueClient({ name: 'x', ...names })
  return new X509Certificate(cert).raw
}

/** With other bytes, as many, in the place of those: hexadecimal digits. */
function replaced(raw: Buffer, from: string, to: string): Buffer {
  const at = raw.indexOf(from, 'hex')
  assert.ok(at >= 0)
  return Buffer.concat([
    raw.subarray(0, at),
    Buffer.from(to, 'hex'),
    raw.subarray(at + to.length / 2),
  ])
}

test('names of every kind are read, and others passed over', async () => {
  const ip = ['10.0.0.1', '2001:db8::1', '::1']
  const names = { dns: ['a.example'], email: ['ada@a.example'], uri: ['spiffe://a/b'], ip }
  const upn = ['ada@corp.example', 'Ärger, "ada"']
  const { ip: ip_address, ...same } = names
  assert.deepEqual(await namesOf({ ...names, upn }), {
    ...same,
    ip_address,
    user_principal_name: upn,
  })
})

test('an IPv4 address in an IPv6 one is shown as people write it', async () => {
  const { ip_address } = await namesOf({ ip: ['::ffff:c000:201'] })
  assert.deepEqual(ip_address, ['::ffff:192.0.2.1'])
})

test('another name of a kind of its own is passed over', async () => {
  const raw = await rawOf({ upn: ['ada@corp.example'], dns: ['a.example'] })
  // The last number of its identifier.
  const { dns, user_principal_name } = readAlternativeNames(
    replaced(raw, '2b060104018237140203', '2b060104018237140204'),
  )
  assert.deepEqual([dns, user_principal_name], [['a.example'], []])
})

test('a certificate with two lists of names is not read, nor one whose names are no DER', async () => {
  const raw = await rawOf({ dns: ['a.example'] })
  // What its key is for becomes such a list.
  const broken = [replaced(raw, '551d0f', '551d11'), replaced(raw, '8209', '8289')]
  for (const certificate of [...broken, raw.subarray(0, -1)]) {
    assert.throws(() => readAlternativeNames(certificate), { code: 'unreadable-certificate' })
  }
})

test('a certificate without names has none', async () => {
  const none = { dns: [], email: [], uri: [], ip_address: [], user_principal_name: [] }
  assert.deepEqual(await namesOf({}), none)
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

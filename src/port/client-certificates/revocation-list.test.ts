import 'reflect-metadata'
import assert from 'node:assert/strict'
import { webcrypto, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import * as x509 from '@peculiar/x509'
import fc from 'fast-check'
import { createCertificateAuthority } from '../../net/certificate.ts'
import { parseRevocationLists } from './parse-revocation-lists.ts'
import { revocationListOf, type RevocationList } from './revocation-list.ts'

const dayMs = 86_400_000

interface Options {
  /** Of the key and its signatures; ECDSA unless given. */
  readonly algorithm?: webcrypto.AlgorithmIdentifier & { name: string }
  readonly list?: Partial<Omit<x509.X509CrlCreateParams, 'nextUpdate'>>
  /** In a day unless given; undefined: the list does not say. */
  readonly nextUpdate?: Date | undefined
}

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** An authority with a key of any kind, and a list that it signed. */
async function revoke({ algorithm = ecdsa, list = {}, ...more }: Options): Promise<{
  readonly pem: string
  readonly authority: X509Certificate
}> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair
  const signed = { signingAlgorithm: algorithm, signingKey: keys.privateKey }
  const name = 'CN=Root, O="Comma, Inc."'
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...signed,
    name,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true)],
  })
  const nextUpdate = 'nextUpdate' in more ? more.nextUpdate : new Date(Date.now() + dayMs)
  const crl = await x509.X509CrlGenerator.create({
    issuer: name,
    ...(nextUpdate && { nextUpdate }),
    ...signed,
    ...list,
  })
  return { pem: pemOf(crl.rawData), authority: new X509Certificate(Buffer.from(root.rawData)) }
}

function pemOf(der: Uint8Array | ArrayBuffer): string {
  return `${x509.PemConverter.encode(der, 'X509 CRL')}\n`
}

function readOne(pem: string): RevocationList {
  const [list, ...more] = parseRevocationLists(pem).map(revocationListOf)
  assert.ok(list)
  assert.equal(more.length, 0)
  return list
}

const rsa = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }
const algorithms: Readonly<Record<string, NonNullable<Options['algorithm']>>> = {
  RSA: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512', ...rsa } as { name: string },
  'RSA-PSS': { name: 'RSA-PSS', hash: 'SHA-256', saltLength: 32, ...rsa } as { name: string },
  ECDSA: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' } as { name: string },
  Ed25519: { name: 'Ed25519' },
}

for (const [name, algorithm] of Object.entries(algorithms)) {
  test(`a list signed with ${name} is its authority's and nobody else's`, async () => {
    const { pem, authority } = await revoke({ algorithm })
    assert.equal(readOne(pem).isOf(authority), true)
    // The same name, and another key.
    const impostor = await revoke({ algorithm })
    assert.equal(readOne(pem).isOf(impostor.authority), false)
    const { authority: another } = await revoke({ algorithm: ecdsa })
    assert.equal(readOne(pem).isOf(another), false)
  })
}

test('a list is not of an authority that has its key under another name', async () => {
  const { pem, authority } = await revoke({ list: { issuer: 'CN=Old root' } })
  assert.equal(readOne(pem).isOf(authority), false)
})

test('a signature is checked once for each authority, however often one is read anew', async () => {
  const { pem, authority } = await revoke({})
  const [facts] = parseRevocationLists(pem)
  assert.ok(facts)
  let checks = 0
  const list = revocationListOf({
    ...facts,
    get signature() {
      checks += 1
      return facts.signature
    },
  })
  const stranger = new X509Certificate((await createCertificateAuthority()).cert)
  for (let reloads = 0; reloads < 10; reloads += 1) {
    assert.equal(list.isOf(new X509Certificate(authority.raw)), true)
    assert.equal(list.isOf(new X509Certificate(stranger.raw)), false)
  }
  assert.equal(checks, 2)
})

test('a name is the same in another character set', async () => {
  const root = { CN: [{ printableString: 'Root' }] }
  const { pem, authority } = await revoke({
    list: { issuer: nameOf([root, { O: [{ bmpString: 'Comma, Inc.' }] }]) },
  })
  assert.ok(Buffer.from(x509.PemConverter.decodeFirst(pem)).includes('\0C\0o\0m\0m\0a'))
  assert.equal(readOne(pem).isOf(authority), true)
  const other = await revoke({ list: { issuer: nameOf([root]) } })
  assert.equal(readOne(other.pem).isOf(other.authority), false)
})

/** The types of a list's issuer know texts alone. */
function nameOf(name: x509.JsonName | readonly object[]): x509.JsonName {
  return name as x509.JsonName
}

test('serial numbers are compared as numbers', async () => {
  const serials = ['01', '7f', '00ff', '8000', `7f${'ee'.repeat(19)}`]
  const { pem } = await revoke({
    list: { entries: serials.map((serialNumber) => ({ serialNumber })) },
  })
  const list = readOne(pem)
  const has = (serialNumber: string): boolean => list.has({ serialNumber } as X509Certificate)
  for (const serial of ['01', '7F', 'FF', '8000', `7F${'EE'.repeat(19)}`]) {
    assert.equal(has(serial), true, serial)
  }
  for (const serial of ['00', '02', 'FE', '80', '-01', '017F']) assert.equal(has(serial), false)
})

test('a certificate that the list names is found by what Node reads', async () => {
  const authority = await createCertificateAuthority()
  const clients = await Promise.all(
    Array.from({ length: 20 }, () => authority.issueClient({ name: 'x' })),
  )
  const certificates = clients.map(({ cert }) => cert)
  const list = readOne(await authority.revoke(certificates.slice(0, 10)))
  const found = certificates.map((pem) => list.has(new X509Certificate(pem)))
  assert.deepEqual(found, [...Array<true>(10).fill(true), ...Array<false>(10).fill(false)])
})

test('it says when the next one is due, in either form of a time', async () => {
  for (const at of [Date.UTC(2049, 11, 31, 23, 59, 59), Date.UTC(2050, 0, 1)]) {
    const { pem } = await revoke({ nextUpdate: new Date(at) })
    assert.equal(readOne(pem).nextUpdateMs, at)
  }
})

// The library drops what such a list revokes.
test('a list that does not say when the next one is due is refused', async () => {
  const entries = [{ serialNumber: '01' }]
  const { pem } = await revoke({ list: { entries }, nextUpdate: undefined })
  assert.throws(() => parseRevocationLists(pem), {
    code: 'unsupported-revocation-list',
    message: 'it does not say when the next list is due',
  })
})

test('several lists are read from one text, with words between them', async () => {
  const { pem } = await revoke({})
  assert.equal(parseRevocationLists(`Issued:\n${pem}\nand\n${pem}`).length, 2)
  assert.deepEqual(parseRevocationLists('none'), [])
})

test('a critical extension that nobody understands is refused, at the list and at an entry', async () => {
  const delta = new x509.Extension('2.5.29.27', true, new Uint8Array([2, 1, 1]))
  const harmless = new x509.Extension('2.5.29.20', false, new Uint8Array([2, 1, 1]))
  const entry = { serialNumber: '01' }
  for (const list of [
    { extensions: [harmless, delta] },
    { entries: [entry, { serialNumber: '02', extensions: [delta] }] },
  ]) {
    const { pem } = await revoke({ list })
    assert.throws(() => parseRevocationLists(pem), {
      code: 'unsupported-revocation-list',
      message: 'it has a critical extension 2.5.29.27: give a full list',
    })
  }
  const { pem } = await revoke({ list: { extensions: [harmless] } })
  readOne(pem)
})

test('a weak signature is refused', async () => {
  const { pem } = await revoke({
    algorithm: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-1', ...rsa } as { name: string },
  })
  assert.throws(() => parseRevocationLists(pem), { code: 'unsupported-revocation-list' })
})

test('more entries than the library would read by itself are read, to a bound', async () => {
  const entries = Array.from({ length: 1_500 }, (_, index) => ({
    serialNumber: (index + 4_096).toString(16).padStart(8, '0'),
    reason: x509.X509CrlReason.keyCompromise,
  }))
  const { pem } = await revoke({ list: { entries } })
  const list = readOne(pem)
  assert.equal(list.has({ serialNumber: '15DB' } as X509Certificate), true)
  assert.equal(list.has({ serialNumber: '15DC' } as X509Certificate), false)
  assert.throws(() => parseRevocationLists(pemOf(new Uint8Array(1_048_577))), {
    code: 'unsupported-revocation-list',
  })
})

test('a list that is cut off is refused, also behind a whole one', async () => {
  const { pem } = await revoke({})
  const cut = pem.slice(0, 200)
  for (const text of [cut, pem + cut, cut + pem]) {
    assert.throws(() => parseRevocationLists(text), { code: 'malformed-revocation-list' })
  }
})

test('garbage is refused with a reason, is of nobody, or says the same', async () => {
  const nextUpdate = new Date(Math.ceil(Date.now() / 1000) * 1000 + dayMs)
  const entries = [{ serialNumber: '0a', reason: x509.X509CrlReason.keyCompromise }]
  const { pem, authority } = await revoke({ list: { entries }, nextUpdate })
  const der = Buffer.from(x509.PemConverter.decodeFirst(pem))
  const change = fc.record({ at: fc.nat(der.length - 1), to: fc.nat(255), cut: fc.nat(2_000) })
  fc.assert(
    fc.property(change, ({ at, to, cut }) => {
      const changed = Buffer.from(der)
      changed[at] = to
      try {
        const list = readOne(pemOf(changed.subarray(0, cut)))
        if (!list.isOf(authority)) return
        assert.equal(list.nextUpdateMs, nextUpdate.getTime())
        assert.equal(list.has({ serialNumber: '0A' } as X509Certificate), true)
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error
        const { code } = error as { code?: string }
        assert.match(code ?? String(error), /^(?:malformed|unsupported)-revocation-list$/)
      }
    }),
    { numRuns: 2_000 },
  )
})

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { createCertificateAuthority } from '../../net/certificate.ts'
import { readCertificate } from './certificate.ts'
import { childrenOf, readDer, readOid, readTime, type DerValue } from './der.ts'
import { readRevocationLists } from './revocation-list.ts'

const authority = await createCertificateAuthority({ name: 'Root' })
const { cert } = await authority.issueClient({ name: 'ada', dns: ['a.example'] })
const list = await authority.revoke([cert])

const der = (hex: string): DerValue => readDer(Buffer.from(hex, 'hex'))

test('lengths of every form are read, and those of no form refused', () => {
  assert.equal(der('0401ff').content.length, 1)
  assert.equal(readDer(Buffer.from(`0481ff${'00'.repeat(255)}`, 'hex')).content.length, 255)
  for (const bad of ['', '04', '0402ff', '0480', '048500000000ff', '0481', '1f8101', '04000400']) {
    assert.throws(() => der(bad), { code: 'malformed-der' }, bad)
  }
})

test('times of both forms are read', () => {
  const time = (tag: string, text: string): number =>
    readTime(
      der(`${tag}${text.length.toString(16).padStart(2, '0')}${Buffer.from(text).toString('hex')}`),
    )
  assert.equal(time('17', '491231235959Z'), Date.UTC(2049, 11, 31, 23, 59, 59))
  assert.equal(time('17', '500101000000Z'), Date.UTC(1950, 0, 1))
  assert.equal(time('18', '20500101000000Z'), Date.UTC(2050, 0, 1))
  for (const text of ['20500101000000', '20501301000000Z', '500101000000Z']) {
    assert.throws(() => time('18', text), { code: 'malformed-der' }, text)
  }
})

test('object identifiers are read', () => {
  assert.equal(readOid(der('06032b6570')), '1.3.101.112')
  assert.equal(readOid(der('060a2b060104018237140203')), '1.3.6.1.4.1.311.20.2.3')
  assert.equal(readOid(childrenOf(der('300506032a0304'))[0]), '1.2.3.4')
})

test('garbage is refused with a reason, wherever it stands', () => {
  const { raw } = new X509Certificate(cert)
  const base64 = /-----BEGIN X509 CRL-----([^-]+)/.exec(list)?.[1] ?? ''
  const crl = Buffer.from(base64, 'base64')
  const change = fc.record({ at: fc.nat(1_000), to: fc.nat(255), cut: fc.option(fc.nat(500)) })
  const mangle = (
    bytes: Buffer,
    { at, to, cut }: { at: number; to: number; cut: number | null },
  ) => {
    const changed = Buffer.from(bytes)
    changed[at % changed.length] = to
    return cut === null ? changed : changed.subarray(0, cut)
  }
  fc.assert(
    fc.property(change, (how) => {
      const pem = `-----BEGIN X509 CRL-----\n${mangle(crl, how).toString('base64')}\n-----END X509 CRL-----`
      for (const read of [
        () => readRevocationLists(pem),
        () => readCertificate({ raw: mangle(raw, how) } as X509Certificate),
      ]) {
        try {
          read()
        } catch (error) {
          const { code } = error as { code?: string }
          assert.match(code ?? String(error), /^(?:malformed-der|unsupported-revocation-list)$/)
        }
      }
    }),
    { numRuns: 3_000 },
  )
})

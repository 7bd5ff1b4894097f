import 'reflect-metadata'
import assert from 'node:assert/strict'
import { webcrypto, X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import * as x509 from '@peculiar/x509'
import { createCertificateAuthority } from '../certificate.ts'
import { createCertificateRequest } from '../certificate-request.ts'
import { mustStaple, respondersOf, stapledCertificateOf } from './must-staple.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
const authority = await x509.X509CertificateGenerator.createSelfSigned({
  name: 'CN=authority',
  keys,
  extensions: [new x509.BasicConstraintsExtension(true)],
})

/** One of the authority with these extensions: object identifiers and DER in hexadecimal digits. */
async function issue(...extensions: readonly (readonly [string, string])[]) {
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=leaf',
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    extensions: extensions.map(
      ([oid, der]) => new x509.Extension(oid, false, Buffer.from(der, 'hex')),
    ),
  })
  return new X509Certificate(Buffer.from(certificate.rawData))
}

const tlsFeature = '1.3.6.1.5.5.7.1.24'
const authorityInformation = '1.3.6.1.5.5.7.1.1'
const issuer = new X509Certificate(Buffer.from(authority.rawData))

/** An entry of the authority information. */
function access(method: 'ocsp' | 'issuers', url: string): Buffer {
  const oid = Buffer.from(`06082b060105050730${method === 'ocsp' ? '01' : '02'}`, 'hex')
  const place = Buffer.concat([Buffer.from([0x86, url.length]), Buffer.from(url)])
  return Buffer.concat([Buffer.from([0x30, oid.length + place.length]), oid, place])
}

function information(...entries: readonly Buffer[]): readonly [string, string] {
  const all = Buffer.concat(entries)
  return [
    authorityInformation,
    Buffer.concat([Buffer.from([0x30, 0x81, all.length]), all]).toString('hex'),
  ]
}

describe('whether a certificate needs a stapled answer', () => {
  test('it does by the TLS feature for it, and by no other', async () => {
    for (const [der, isNeeded] of [
      ['3003020105', true],
      ['3003020111', true],
      ['300602010a020105', true],
      ['300302010a', false],
      // 261, which ends as 5 does.
      ['300402020105', false],
      ['3000', false],
    ] as const)
      assert.equal(mustStaple(await issue([tlsFeature, der])), isNeeded, der)
    assert.equal(mustStaple(await issue()), false)
  })

  test('one that cannot be read, or is there twice, asks for nothing', async () => {
    const feature = [tlsFeature, '3003020105'] as const
    assert.equal(mustStaple(await issue(feature, feature)), false)
    assert.equal(mustStaple(await issue([tlsFeature, '3009020105'])), false)
    assert.equal(mustStaple(await issue([tlsFeature, ''])), false)
  })

  test('a request for a certificate asks for it where that is wanted', async () => {
    for (const isWanted of [true, false]) {
      const { csr } = await createCertificateRequest(['a.example.com'], { mustStaple: isWanted })
      const { extensions } = new x509.Pkcs10CertificateRequest(csr)
      const found = extensions.find(({ type }) => type === tlsFeature)
      const der = found && Buffer.from(found.value).toString('hex')
      assert.deepEqual(
        [der, found?.critical],
        isWanted ? ['3003020105', false] : [undefined, undefined],
      )
    }
  })
})

describe('what an answer is asked for by', () => {
  test('responders are http and https addresses, in their order', async () => {
    const leaf = await issue(
      information(
        access('issuers', 'http://ca.example/ca.cer'),
        access('ocsp', 'ldap://ca.example/ocsp'),
        access('ocsp', 'http://ocsp.ca.example'),
        access('ocsp', 'not an address'),
        access('ocsp', 'https://ocsp2.ca.example/x'),
      ),
    )
    assert.deepEqual(
      respondersOf(leaf).map(({ href }) => href),
      ['http://ocsp.ca.example/', 'https://ocsp2.ca.example/x'],
    )
    assert.deepEqual(respondersOf(await issue()), [])
    assert.deepEqual(respondersOf(await issue([authorityInformation, '3003020105'])), [])
  })

  test('the issuer is found in the chain by its signature, wherever it stands', async () => {
    const feature = [tlsFeature, '3003020105'] as const
    const leaf = await issue(feature, information(access('ocsp', 'http://ocsp.ca.example/')))
    const sameName = new X509Certificate(
      (await createCertificateAuthority({ name: 'authority' })).cert,
    )
    const found = stapledCertificateOf([leaf, sameName, issuer])
    assert.ok(found !== undefined && 'issuer' in found)
    assert.equal(found.issuer.raw, issuer.raw)
    const without = [[leaf], [leaf, sameName], [leaf, leaf]]
    for (const chain of without) {
      const missing = stapledCertificateOf(chain)
      assert.ok(missing !== undefined && 'fault' in missing)
      assert.match(missing.fault, /its issuer is not in the chain/)
    }
    const silent = stapledCertificateOf([await issue(feature), issuer])
    assert.ok(silent !== undefined && 'fault' in silent)
    assert.match(silent.fault, /names nobody who gives one/)
    assert.equal(stapledCertificateOf([await issue(), issuer]), undefined)
    assert.equal(stapledCertificateOf([]), undefined)
  })
})

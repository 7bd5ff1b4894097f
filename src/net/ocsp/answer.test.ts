import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { BasicOCSPResponse, OCSPResponse } from '@peculiar/asn1-ocsp'
import { AsnConvert } from '@peculiar/asn1-schema'
import type { PeerError } from '../../errors.ts'
import { runProgram } from '../../program.fixture.ts'
import { lacksOpenssl, openssl, testFolder } from '../openssl.fixture.ts'
import { readOcspAnswer } from './answer.ts'
import { encodeOcspAnswer } from './encode-answer.ts'
import { stapledCertificateOf, type StapledCertificate } from './must-staple.ts'
import { openOcspAuthority, type Issued, type Signer } from './ocsp.fixture.ts'
import { createOcspRequest } from './request.ts'
import { parseChain } from '../pem.ts'

const hourMs = 3_600_000
const skip = lacksOpenssl

describe('an OCSP answer', { skip }, async () => {
  const folder = testFolder({ after })
  const authority = await openOcspAuthority(folder)
  const responder = 'http://127.0.0.1:9/'
  const issue = async (host: string) => {
    const issued = await authority.issue(host, { responder })
    return { issued, certificate: stapledOf(issued) }
  }
  const { certificate } = await issue('a.example.com')
  const request = createOcspRequest(certificate)
  const read = (der: Buffer, afterMs = 0) => readOcspAnswer(der, certificate, Date.now() + afterMs)
  const readUnlessRefused = (der: Buffer) => {
    try {
      return read(der)
    } catch (error) {
      assert.equal((error as PeerError).code, 'ocsp-answer-refused')
      return undefined
    }
  }
  const isRefused = async (der: Promise<Buffer> | Buffer, why: RegExp, afterMs = 0) => {
    const bytes = await der
    assert.throws(() => read(bytes, afterMs), { code: 'ocsp-answer-refused', message: why })
  }

  test('is taken from the issuer itself, named by its name or its key', async () => {
    for (const args of [[], ['-resp_key_id'], ['-resp_no_certs'], ['-rmd', 'sha384']]) {
      const der = await authority.answer(request, undefined, ['-nmin', '60', ...args])
      const answer = read(der)
      assert.deepEqual([answer.status, answer.revokedAtMs], ['good', undefined])
      assert.equal(answer.untilMs - answer.fromMs, hourMs)
    }
  })

  test('is taken from whom the issuer lets sign answers, and nobody else', async () => {
    const delegate = await authority.certify('responder', 'OCSPSigning')
    assert.equal(read(await authority.answer(request, delegate)).status, 'good')
    assert.equal(
      read(await authority.answer(request, delegate, ['-nmin', '9', '-resp_key_id'])).status,
      'good',
    )
    const refused: readonly (readonly [Signer, RegExp])[] = [
      [await authority.certify('web server', 'serverAuth'), /does not let sign answers/],
      [await authority.certify('anybody', undefined), /does not let sign answers/],
      [await openOcspAuthority(folder, 'stranger'), /does not know/],
      // It calls itself as the issuer does.
      [await openOcspAuthority(folder), /does not know/],
    ]
    for (const [signer, why] of refused) await isRefused(authority.answer(request, signer), why)
  })

  test('is refused from one whom another authority lets sign answers', async () => {
    const other = await openOcspAuthority(folder)
    const delegate = await other.certify('responder', 'OCSPSigning')
    await isRefused(authority.answer(request, delegate), /does not know/)
  })

  test('is refused where it calls its signer otherwise than the issuer is called', async () => {
    const certFile = join(folder, 'other-name.pem')
    const made = ['-key', authority.keyFile, '-out', certFile, '-days', '2']
    await openssl(['req', '-x509', ...made, '-subj', '/CN=other name'])
    const signer = { certFile, keyFile: authority.keyFile }
    const args = ['-nmin', '60', '-resp_no_certs']
    await isRefused(authority.answer(request, signer, args), /neither the issuer nor enclosed/)
    // By its key it is the issuer.
    const byKey = await authority.answer(request, signer, [...args, '-resp_key_id'])
    assert.equal(read(byKey).status, 'good')
  })

  test('is refused from a signer with a weak key, and one signed over SHA-1', async () => {
    const key = ['-newkey', 'rsa:1024', '-nodes']
    const weak = await authority.certify('responder', 'OCSPSigning', { key })
    await isRefused(authority.answer(request, weak), /the key of .* is too weak/)
    const args = ['-nmin', '60', '-rmd', 'sha1']
    await isRefused(authority.answer(request, undefined, args), /an algorithm that is not taken/)
  })

  test('is handed out no longer than the certificate of its signer holds', async () => {
    const delegate = await authority.certify('responder', 'OCSPSigning', { days: 1 })
    const der = await authority.answer(request, delegate, ['-ndays', '10'])
    const { validToDate } = new X509Certificate(readFileSync(delegate.certFile))
    assert.equal(read(der).untilMs, validToDate.getTime())
    await isRefused(der, /has ended, or has not begun/, 25 * hourMs)
    const own = await authority.answer(request, undefined, ['-ndays', '60'])
    assert.equal(read(own).untilMs, authority.certificate.validToDate.getTime())
    await isRefused(own, /has ended, or has not begun/, 31 * 24 * hourMs)
  })

  test('that is changed anywhere, cut off or continued is refused', async () => {
    // Certificates that are not needed may change.
    const der = await authority.answer(request, undefined, ['-nmin', '60', '-resp_no_certs'])
    for (let at = 0; at < der.length; at += 1) {
      const changed = Buffer.from(der)
      changed[at] = (changed[at] ?? 0) ^ 0x01
      await isRefused(changed, /./)
    }
    await isRefused(der.subarray(0, -1), /cannot be read/)
    await isRefused(Buffer.concat([der, der]), /something follows it/)
    await isRefused(Buffer.alloc(0), /cannot be read/)
  })

  test('is handed out with nothing that nobody has signed', async () => {
    const delegate = await authority.certify('responder', 'OCSPSigning')
    const stranger = await openOcspAuthority(folder, 'stranger')
    const others = await Promise.all(
      Array.from({ length: 9 }, () => authority.certify('responder', 'serverAuth')),
    )
    const enclosed = join(folder, 'enclosed.pem')
    writeFileSync(
      enclosed,
      [stranger, ...others].map(({ certFile }) => readFileSync(certFile, 'utf8')).join(''),
    )
    for (const signer of [undefined, delegate]) {
      const bare = await authority.answer(request, signer, ['-nmin', '60'])
      const { der } = read(bare)
      if (signer !== undefined) assert.deepEqual(der, bare)
      assert.deepEqual(read(der), read(bare))
      const full = await authority.answer(request, signer, ['-nmin', '60', '-rother', enclosed])
      assert.ok(full.length > bare.length + 2_000)
      assert.ok(read(full).der.length <= der.length + 2)
    }
    // What is taken in spite of a change is handed out without it.
    const bare = await authority.answer(request, delegate, ['-nmin', '60'])
    const { der } = read(bare)
    let taken = 0
    for (let at = 0; at < bare.length; at += 1) {
      const changed = Buffer.from(bare)
      changed[at] = (changed[at] ?? 0) ^ 0x80
      const found = readUnlessRefused(changed)
      if (found === undefined) continue
      taken += 1
      assert.ok(found.der.equals(der), `byte ${at}`)
    }
    assert.ok(taken > 0)
  })

  test('is taken by OpenSSL as it is handed out', async () => {
    const leaf = join(folder, 'leaf.pem')
    const handedOut = join(folder, 'answer.der')
    writeFileSync(leaf, certificate.leaf.toString())
    const trust = ['-issuer', authority.certFile, '-CAfile', authority.certFile, '-no_nonce']
    const [ecdsa, rsa] = await Promise.all([
      authority.certify('responder', 'OCSPSigning'),
      authority.certify('responder', 'OCSPSigning', { key: ['-newkey', 'rsa:2048', '-nodes'] }),
    ])
    for (const signer of [undefined, ecdsa, rsa]) {
      const { der } = read(await authority.answer(request, signer))
      writeFileSync(handedOut, der)
      const args = ['ocsp', '-respin', handedOut, ...trust, '-cert', leaf]
      const { stdout, stderr } = await runProgram('openssl', args)
      assert.match(stderr, /Response verify OK/)
      assert.match(stdout, /: good/)
    }
  })

  test('whose signature is called by the name of another algorithm is refused', async () => {
    const { responseBytes } = AsnConvert.parse(await authority.answer(request), OCSPResponse)
    assert.ok(responseBytes)
    const basic = AsnConvert.parse(responseBytes.response.buffer, BasicOCSPResponse)
    assert.equal(read(encodeOcspAnswer(basic, undefined)).status, 'good')
    Object.assign(basic.signatureAlgorithm, { algorithm: '1.2.840.113549.1.1.11' })
    await isRefused(encodeOcspAnswer(basic, undefined), /signature is wrong/)
  })

  test('that is nested without end, or is no answer, is refused', async () => {
    let nested = Buffer.alloc(0)
    while (nested.length < 60_000) {
      const length = Buffer.from([0x83, 0, nested.length >> 8, nested.length & 0xff])
      nested = Buffer.concat([Buffer.from([0x30]), length, nested])
    }
    await isRefused(nested, /nested too deep/)
    await isRefused(Buffer.from('<html>not found</html>'), /./)
    // `tryLater`, unsigned as it always is.
    await isRefused(Buffer.from('30030a0103', 'hex'), /says "tryLater"/)
  })

  test('about another certificate, or of another issuer, is refused', async () => {
    const other = await issue('b.example.com')
    await isRefused(authority.answer(createOcspRequest(other.certificate)), /another certificate/)
  })

  test('is refused before it is true, and after its end', async () => {
    const der = await authority.answer(request)
    assert.equal(read(der, -240_000).status, 'good')
    await isRefused(der, /is the clock right/, -400_000)
    assert.equal(read(der, hourMs - 5_000).status, 'good')
    await isRefused(der, /has ended at/, hourMs)
  })

  test('without an end holds for an hour', async () => {
    const der = await authority.answer(request, undefined, [])
    const { fromMs, untilMs } = read(der)
    assert.equal(untilMs - fromMs, hourMs)
  })

  test('says of a certificate that it is revoked, or unknown', async () => {
    const { issued: revoked, certificate: its } = await issue('c.example.com')
    const question = createOcspRequest(its)
    authority.revoke(revoked)
    const answer = readOcspAnswer(await authority.answer(question), its, Date.now())
    assert.deepEqual([answer.status, answer.revokedAtMs], ['revoked', Date.UTC(2026, 0, 1)])
    authority.forget(revoked)
    const unknown = readOcspAnswer(await authority.answer(question), its, Date.now())
    assert.equal(unknown.status, 'unknown')
  })
})

function stapledOf({ cert }: Issued): StapledCertificate {
  const needed = stapledCertificateOf(parseChain(cert) ?? [])
  assert.ok(needed !== undefined && 'leaf' in needed)
  return needed
}

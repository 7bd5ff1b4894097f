import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { lacksOpenssl, openssl, testFolder } from '../openssl.fixture.ts'
import { readOcspAnswer } from './answer.ts'
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
      assert.equal(answer.der, der)
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

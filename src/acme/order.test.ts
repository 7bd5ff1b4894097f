import 'reflect-metadata'
import assert from 'node:assert/strict'
import { webcrypto } from 'node:crypto'
import { test } from 'node:test'
import * as x509 from '@peculiar/x509'
import type * as acme from 'acme-client'
import { systemClock } from '../clock.ts'
import { fetchCertificate } from './order.ts'

const name = 'db.example.com'
const tlsFeature = '1.3.6.1.5.5.7.1.24'
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])

/** Issues what it is asked for, once it is asked; without the TLS feature where `ignoresFeature`. */
function authority(ignoresFeature: boolean) {
  let issued: string | undefined
  let hadFeature = false
  const order = (): acme.Order =>
    ({ status: issued === undefined ? 'ready' : 'valid' }) as acme.Order
  const client: Partial<acme.Client> = {
    createOrder: () => Promise.resolve(order()),
    getAuthorizations: () => Promise.resolve([{ status: 'valid' } as acme.Authorization]),
    getOrder: () => Promise.resolve(order()),
    async finalizeOrder(_, csr) {
      const request = new x509.Pkcs10CertificateRequest(csr.toString())
      hadFeature = request.extensions.some(({ type }) => type === tlsFeature)
      const extensions = request.extensions.filter(
        ({ type }) => !ignoresFeature || type !== tlsFeature,
      )
      const certificate = await x509.X509CertificateGenerator.create({
        subject: `CN=${name}`,
        issuer: 'CN=authority',
        publicKey: request.publicKey,
        signingKey: keys.privateKey,
        extensions,
      })
      issued = `${certificate.toString('pem')}\n`
      return order()
    },
    getCertificate: () => Promise.resolve(issued ?? ''),
  }
  return {
    hadFeature: () => hadFeature,
    fetch: (mustStaple: boolean) =>
      fetchCertificate({
        client: client as acme.Client,
        name,
        mustStaple,
        challengeType: 'http-01',
        show: () => assert.fail('nothing is to be proven'),
        clock: systemClock,
        signal: new AbortController().signal,
      }),
  }
}

test('a certificate is asked for with the TLS feature where that is set, and else without', async () => {
  for (const mustStaple of [true, false]) {
    const { fetch, hadFeature } = authority(false)
    const { cert } = await fetch(mustStaple)
    const { extensions } = new x509.X509Certificate(cert)
    assert.equal(hadFeature(), mustStaple)
    assert.equal(
      extensions.some(({ type }) => type === tlsFeature),
      mustStaple,
    )
  }
})

test('an authority that leaves the feature out is refused, where it was asked for', async () => {
  await assert.rejects(authority(true).fetch(true), {
    code: 'certificate-invalid',
    message: /without the TLS feature that "autocert_must_staple" asks for/,
    hint: /remove "autocert_must_staple"/,
  })
  assert.match((await authority(true).fetch(false)).cert, /BEGIN CERTIFICATE/)
})

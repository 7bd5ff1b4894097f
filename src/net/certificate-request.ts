import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** A request for a certificate, and the key that it is for. */
export interface CertificateRequest {
  /** PKCS #10 (RFC 2986), PEM. */
  readonly csr: string
  /** PKCS #8, PEM. */
  readonly key: string
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** The TLS feature `status_request` (RFC 7633 §6), in DER: a list of the number 5. */
const mustStapleFeature = { oid: '1.3.6.1.5.5.7.1.24', der: Buffer.from('3003020105', 'hex') }

/**
 * Makes an ECDSA P-256 key and a request for these DNS names. `mustStaple`: clients are to take the certificate only with
 * a stapled OCSP answer.
 */
export async function createCertificateRequest(
  names: readonly string[],
  { mustStaple }: { readonly mustStaple: boolean },
): Promise<CertificateRequest> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value }))),
      ...(mustStaple
        ? [new x509.Extension(mustStapleFeature.oid, false, mustStapleFeature.der)]
        : []),
    ],
  })
  return {
    csr: request.toString('pem'),
    key: `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')}\n`,
  }
}

import { createHash, verify, X509Certificate } from 'node:crypto'
import type { BasicOCSPResponse, ResponderID } from '@peculiar/asn1-ocsp'
import { AsnConvert } from '@peculiar/asn1-schema'
import { weaknessOf } from '../certificate-strength.ts'
import { keyOf, subjectOf } from './certificate-id.ts'
import { isIssuer } from './must-staple.ts'

/** `id-kp-OCSPSigning` (RFC 6960 §4.2.2.2). */
const ocspSigning = '1.3.6.1.5.5.7.3.9'

/** How a signature is verified. */
interface Algorithm {
  /** Of the key, as Node.js calls it. */
  readonly key: string
  /** Null: the algorithm hashes by itself. */
  readonly hash: string | null
}

/**
 * Signatures by the identifiers of their algorithms: RSA (RFC 8017 §A.2), ECDSA (RFC 5758 §3.2), Ed25519 and Ed448 (RFC
 * 8410 §3). None over SHA-1.
 */
const algorithms: ReadonlyMap<string, Algorithm> = new Map([
  ['1.2.840.113549.1.1.11', { key: 'rsa', hash: 'sha256' }],
  ['1.2.840.113549.1.1.12', { key: 'rsa', hash: 'sha384' }],
  ['1.2.840.113549.1.1.13', { key: 'rsa', hash: 'sha512' }],
  ['1.2.840.10045.4.3.2', { key: 'ec', hash: 'sha256' }],
  ['1.2.840.10045.4.3.3', { key: 'ec', hash: 'sha384' }],
  ['1.2.840.10045.4.3.4', { key: 'ec', hash: 'sha512' }],
  ['1.3.101.112', { key: 'ed25519', hash: null }],
  ['1.3.101.113', { key: 'ed448', hash: null }],
])

/**
 * Whose signature an answer has: the issuer's of the certificate that it is about, or that of somebody whom this very
 * issuer lets sign answers. Otherwise why nobody may have signed it.
 */
export function signerOf(
  basic: BasicOCSPResponse,
  issuer: X509Certificate,
  nowMs: number,
): X509Certificate | string {
  const { algorithm: identifier } = basic.signatureAlgorithm
  const algorithm = algorithms.get(identifier)
  if (algorithm === undefined)
    return `it is signed by an algorithm that is not taken, ${identifier}`
  const { responderID } = basic.tbsResponseData
  const enclosed = (basic.certs ?? []).map(
    (certificate) => new X509Certificate(Buffer.from(AsnConvert.serialize(certificate))),
  )
  const named = [issuer, ...enclosed].filter((one) => isNamed(one, responderID))
  if (named.length === 0) return 'whoever signed it is neither the issuer nor enclosed'
  const signer = named.find((one) => hasSigned(one, basic, algorithm))
  if (signer === undefined) return 'its signature is wrong'
  return whyNotAllowed(signer, issuer, nowMs) ?? signer
}

function isNamed(certificate: X509Certificate, { byName, byKey }: ResponderID): boolean {
  if (byKey !== undefined)
    return createHash('sha1').update(keyOf(certificate)).digest().equals(Buffer.from(byKey.buffer))
  return (
    byName !== undefined && subjectOf(certificate).equals(Buffer.from(AsnConvert.serialize(byName)))
  )
}

function hasSigned(
  { publicKey }: X509Certificate,
  { tbsResponseDataRaw, signature }: BasicOCSPResponse,
  { key, hash }: Algorithm,
): boolean {
  // By a name of another algorithm browsers do not find what Node.js finds by the key.
  if (tbsResponseDataRaw === undefined || publicKey.asymmetricKeyType !== key) return false
  try {
    return verify(hash, Buffer.from(tbsResponseDataRaw), publicKey, Buffer.from(signature))
  } catch {
    // A key of another kind than the signature.
    return false
  }
}

function whyNotAllowed(
  signer: X509Certificate,
  issuer: X509Certificate,
  nowMs: number,
): string | undefined {
  const hasEnded = signer.validToDate.getTime() <= nowMs
  const ended = 'the certificate of whoever signed it has ended, or has not begun'
  if (signer.raw.equals(issuer.raw)) return hasEnded ? ended : undefined
  if (!isIssuer(issuer, signer)) return 'it is signed by somebody whom the issuer does not know'
  // The issuer signs certificates of others as well: only this says that one may answer for it.
  if (!(signer.keyUsage ?? []).includes(ocspSigning))
    return 'it is signed by somebody whom the issuer does not let sign answers'
  if (hasEnded || nowMs < signer.validFromDate.getTime()) return ended
  const weakness = weaknessOf(signer, false)
  return weakness && `the ${weakness} of the certificate of whoever signed it is too weak`
}

import { createHash, type X509Certificate } from 'node:crypto'
import { PeerError } from '../errors.ts'
import { readAlternativeNames, type AlternativeNames } from './alternative-names.ts'

/** A client's own certificate with what decisions about it need, read once. */
export interface ReadCertificate {
  readonly x509: X509Certificate
  /** SHA-256, 64 lower-case hexadecimal digits. */
  readonly fingerprint: string
  /** Base64 of the SHA-256 of the SubjectPublicKeyInfo. */
  readonly spkiHash: string
  readonly names: AlternativeNames
}

/** Reads a certificate. Throws `PeerError` `unreadable-certificate`. */
export function readCertificate(x509: X509Certificate): ReadCertificate {
  return {
    x509,
    fingerprint: fingerprintOf(x509),
    spkiHash: createHash('sha256').update(publicKeyOf(x509)).digest('base64'),
    names: readAlternativeNames(x509.raw),
  }
}

/** SHA-256 of a certificate, 64 lower-case hexadecimal digits. */
export function fingerprintOf({ fingerprint256 }: X509Certificate): string {
  return fingerprint256.replaceAll(':', '').toLowerCase()
}

function publicKeyOf(x509: X509Certificate): Buffer {
  try {
    return x509.publicKey.export({ type: 'spki', format: 'der' })
  } catch (cause) {
    throw new PeerError('unreadable-certificate', 'it has a key of an unknown kind', { cause })
  }
}

import { createHash, type X509Certificate } from 'node:crypto'
import { contentOf, elementAt, type Element } from '../der.ts'

/** By what an answer names the certificate that it is about (RFC 6960 §4.1.1). */
export interface CertificateId {
  readonly issuerNameHash: Buffer
  readonly issuerKeyHash: Buffer
  /** The content of the INTEGER. */
  readonly serialNumber: Buffer
}

/** SHA-1 names, and protects nothing: responders know no other for sure (RFC 5019 §2.1.1). */
export const sha1 = '1.3.14.3.2.26'

/** Hashes by their identifiers, as OpenSSL calls them. */
export const hashNames: ReadonlyMap<string, string> = new Map([
  [sha1, 'sha1'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
])

/** By a hash of those above. */
export function certificateIdOf(
  { leaf, issuer }: { readonly leaf: X509Certificate; readonly issuer: X509Certificate },
  hash: string,
): CertificateId {
  return {
    issuerNameHash: createHash(hash).update(subjectOf(issuer)).digest(),
    issuerKeyHash: createHash(hash).update(keyOf(issuer)).digest(),
    serialNumber: serialNumberOf(leaf),
  }
}

/** The whole name of whom a certificate is for, in DER. */
export function subjectOf({ raw }: X509Certificate): Buffer {
  // Serial number, signature, issuer, validity, subject (RFC 5280 §4.1), after the version where there is one.
  const parts = partsOf(raw)
  const at = parts.findIndex(({ tag }) => tag === integer)
  const [validity, subject] = [parts[at + 3], parts[at + 4]]
  if (validity === undefined || subject === undefined) throw new RangeError('no subject')
  return raw.subarray(validity.to, subject.to)
}

/** The bits of a certificate's key, without what says how they are read. */
export function keyOf({ publicKey }: X509Certificate): Buffer {
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const bits = contentOf(spki, elementAt(spki, 0))[1]
  if (bits === undefined) throw new RangeError('no key')
  // A BIT STRING begins with how many bits of its last byte are unused (X.690 8.6).
  return spki.subarray(bits.from + 1, bits.to)
}

const integer = 0x02

function serialNumberOf({ raw }: X509Certificate): Buffer {
  const serial = partsOf(raw).find(({ tag }) => tag === integer)
  if (serial === undefined) throw new RangeError('no serial number')
  return raw.subarray(serial.from, serial.to)
}

function partsOf(raw: Buffer): readonly Element[] {
  return contentOf(raw, contentOf(raw, elementAt(raw, 0))[0])
}

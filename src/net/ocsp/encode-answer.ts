import type { X509Certificate } from 'node:crypto'
import type { BasicOCSPResponse } from '@peculiar/asn1-ocsp'
import { AsnConvert } from '@peculiar/asn1-schema'
import { encodeElement } from '../der.ts'

const [enumerated, bitString, octetString, sequence, explicit0] = [0x0a, 0x03, 0x04, 0x30, 0xa0]
/** `id-pkix-ocsp-basic` (RFC 6960 §4.2.1) as an element. */
const basicType = Buffer.from('06092b0601050507300101', 'hex')
const rsa = '1.2.840.113549.1.1.'
/** `successful`, which is 0. */
const successful = encodeElement(enumerated, Buffer.of(0))

/**
 * An answer put together anew from what was verified of it (RFC 6960 §4.2.1): what was signed, its signature, and the
 * certificate of whoever signed it, where that is not the issuer, whom clients have. No signature covers the rest: somebody
 * on the way could add a byte that the library reads over and a browser does not.
 */
export function encodeOcspAnswer(
  { tbsResponseDataRaw, signatureAlgorithm, signature }: BasicOCSPResponse,
  delegate: X509Certificate | undefined,
): Buffer {
  if (tbsResponseDataRaw === undefined) throw new RangeError('nothing is signed')
  // Those of RSA have NULL there (RFC 8017 §A.2.4), and the others nothing (RFC 5758 §3.2, RFC 8410 §3).
  const parameters = signatureAlgorithm.algorithm.startsWith(rsa) ? null : undefined
  const algorithm = Object.assign(signatureAlgorithm, { parameters })
  const basic = encodeElement(
    sequence,
    new Uint8Array(tbsResponseDataRaw),
    new Uint8Array(AsnConvert.serialize(algorithm)),
    // All bits of the last byte are in use (X.690 8.6).
    encodeElement(bitString, Buffer.of(0), new Uint8Array(signature)),
    ...(delegate === undefined
      ? []
      : [encodeElement(explicit0, encodeElement(sequence, delegate.raw))]),
  )
  const bytes = encodeElement(sequence, basicType, encodeElement(octetString, basic))
  return encodeElement(sequence, successful, encodeElement(explicit0, bytes))
}

import { contentOf, elementAt, type Element } from './der.ts'

const explicitExtensions = 0xa3
const octetString = 0x04

/**
 * What an extension of a certificate in DER says: the element within its OCTET STRING (RFC 5280 §4.1); undefined where
 * the certificate has none of it. `identifier`: its object identifier, as its content stands in DER.
 *
 * @throws RangeError for what is no DER, and for a certificate that has it several times (RFC 5280 §4.2)
 */
export function extensionOf(certificate: Uint8Array, identifier: Uint8Array): Element | undefined {
  const [tbs] = contentOf(certificate, elementAt(certificate, 0))
  const wrapped = contentOf(certificate, tbs).find(({ tag }) => tag === explicitExtensions)
  if (wrapped === undefined) return undefined
  const [extensions] = contentOf(certificate, wrapped)
  // Each is an identifier, perhaps "critical", and an OCTET STRING with what it is.
  const found = contentOf(certificate, extensions)
    .map((extension) => contentOf(certificate, extension))
    .filter(([name]) => name !== undefined && isEqual(certificate, name, identifier))
  // Whoever reads another one of two reads something else.
  if (found.length > 1) throw new RangeError('it has an extension several times')
  const value = found[0]?.at(-1)
  if (value === undefined) return undefined
  const [content] = value.tag === octetString ? contentOf(certificate, value) : []
  if (content === undefined) throw new RangeError('an extension says nothing')
  return content
}

/** Whether an element has this content. */
export function isEqual(bytes: Uint8Array, { from, to }: Element, wanted: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(from, to), wanted) === 0
}

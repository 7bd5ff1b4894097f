// Names of certificates and revocation lists, so that one can be compared with the other without a library
// that takes a fifth of a second to load.

import { contentOf, elementAt, type Element } from './der.ts'

const integer = 0x02
const explicitVersion = 0xa0

/**
 * The subject of a certificate in DER, for comparison only: two names are the same when each attribute has
 * the same text, in whatever character set.
 *
 * @throws RangeError for what is no certificate
 */
export function subjectText(certificate: Uint8Array): string {
  const [tbs] = contentOf(certificate, elementAt(certificate, 0))
  const fields = contentOf(certificate, tbs)
  // RFC 5280 section 4.1: version?, serialNumber, signature, issuer, validity, subject
  const subject = fields[fields[0]?.tag === explicitVersion ? 5 : 4]
  return nameText(certificate, subject)
}

/** The same of the issuer of a revocation list, given what is signed of it. */
export function issuerText(tbsCertList: Uint8Array): string {
  const fields = contentOf(tbsCertList, elementAt(tbsCertList, 0))
  // RFC 5280 section 5.1: version?, signature, issuer
  return nameText(tbsCertList, fields[fields[0]?.tag === integer ? 2 : 1])
}

function nameText(bytes: Uint8Array, name: Element | undefined): string {
  const sets = contentOf(bytes, name).map((set) =>
    contentOf(bytes, set).map((attribute) => {
      const [type, value] = contentOf(bytes, attribute)
      return [hex(bytes, type), valueText(bytes, value)]
    }),
  )
  return JSON.stringify(sets)
}

const decoders: Readonly<Record<number, string>> = {
  0x0c: 'utf-8',
  0x13: 'latin1',
  0x14: 'latin1',
  0x16: 'latin1',
  0x1e: 'utf-16be',
}

function valueText(bytes: Uint8Array, value: Element | undefined): string {
  const decoder = decoders[value?.tag ?? 0]
  if (value === undefined || decoder === undefined) return `#${hex(bytes, value)}`
  return new TextDecoder(decoder).decode(bytes.subarray(value.from, value.to))
}

function hex(bytes: Uint8Array, element: Element | undefined): string {
  return Buffer.from(bytes.subarray(element?.from, element?.to)).toString('hex')
}

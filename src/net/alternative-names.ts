import { canonicalIPv6, unmapIPv4 } from '../address.ts'
import { PeerError } from '../errors.ts'
import { extensionOf, isEqual } from './certificate-extension.ts'
import { contentOf, type Element } from './der.ts'

/** The subject alternative names of a certificate, by kind. */
export interface AlternativeNames {
  readonly dns: readonly string[]
  readonly email: readonly string[]
  readonly uri: readonly string[]
  readonly ip_address: readonly string[]
  /** What Active Directory calls people by. */
  readonly user_principal_name: readonly string[]
}

type Kind = keyof AlternativeNames

/** Context-specific tags (RFC 5280 §4.2.1.6). */
const otherName = 0xa0
const ipAddress = 0x87
const texts: Readonly<Record<number, Kind>> = { 0x81: 'email', 0x82: 'dns', 0x86: 'uri' }

const utf8String = 0x0c
/** Object identifiers, as they stand in DER. */
const subjectAltName = Buffer.from('551d11', 'hex')
/** 1.3.6.1.4.1.311.20.2.3 */
const userPrincipalName = Buffer.from('2b060104018237140203', 'hex')

/**
 * Reads the names of a certificate in DER, and passes over those of other kinds. Not from the text that the runtime makes
 * of them: Bun's tells no user principal name, and writes IPv6 addresses in full and in capitals.
 *
 * @throws PeerError `unreadable-certificate`
 */
export function readAlternativeNames(certificate: Buffer): AlternativeNames {
  try {
    return readNames(certificate)
  } catch (cause) {
    throw new PeerError('unreadable-certificate', 'it has unreadable names', { cause })
  }
}

function readNames(certificate: Buffer): AlternativeNames {
  const names: Record<Kind, string[]> = {
    dns: [],
    email: [],
    uri: [],
    ip_address: [],
    user_principal_name: [],
  }
  for (const name of generalNames(certificate)) {
    const kind = texts[name.tag]
    const bytes = certificate.subarray(name.from, name.to)
    if (kind !== undefined) names[kind].push(bytes.toString('latin1'))
    else if (name.tag === ipAddress) names.ip_address.push(addressOf(bytes))
    else if (name.tag === otherName)
      names.user_principal_name.push(...principalOf(certificate, name))
  }
  return names
}

function generalNames(certificate: Buffer): readonly Element[] {
  const names = extensionOf(certificate, subjectAltName)
  return names === undefined ? [] : contentOf(certificate, names)
}

function addressOf(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) throw new RangeError('an IP address has a length of its own')
  // People write the short form.
  const address = canonicalIPv6(bytes.toString('hex').replace(/(.{4})(?=.)/g, '$1:'))
  const mapped = unmapIPv4(address)
  return mapped === address ? address : `::ffff:${mapped}`
}

/** The one that another name is, or none. */
function principalOf(certificate: Buffer, name: Element): readonly string[] {
  const [identifier, wrapped] = contentOf(certificate, name)
  if (identifier === undefined || !isEqual(certificate, identifier, userPrincipalName)) return []
  const [value] = contentOf(certificate, wrapped)
  if (value?.tag !== utf8String) return []
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  return [text.decode(certificate.subarray(value.from, value.to))]
}

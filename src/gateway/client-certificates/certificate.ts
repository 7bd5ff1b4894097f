import { createHash, type X509Certificate } from 'node:crypto'
import { SocketAddress } from 'node:net'
import { childrenOf, expectTag, readDer, readOid, tags, type DerValue } from './der.ts'

/** The subject alternative names of a certificate, by kind. */
export interface AlternativeNames {
  readonly dns: readonly string[]
  readonly email: readonly string[]
  readonly uri: readonly string[]
  readonly ip_address: readonly string[]
  /** What Active Directory calls people by. */
  readonly user_principal_name: readonly string[]
}

/** A certificate with what decisions about it need, read once. */
export interface ReadCertificate {
  readonly x509: X509Certificate
  /** SHA-256, 64 lower-case hexadecimal digits. */
  readonly fingerprint: string
  /** Base64 of the SHA-256 of the SubjectPublicKeyInfo. */
  readonly spkiHash: string
  /** The serial number's bytes, hexadecimal. */
  readonly serial: string
  /** Whole encodings of the two names: they are compared byte by byte. */
  readonly subject: Buffer
  readonly issuer: Buffer
  readonly names: AlternativeNames
}

/**
 * Reads a certificate. Names come from the encoding itself: the text that Node makes of them cannot
 * be taken apart again without doubt.
 *
 * @throws PeerError `malformed-der`
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-4.1
 */
export function readCertificate(x509: X509Certificate): ReadCertificate {
  const [tbs] = childrenOf(expectTag(readDer(x509.raw), tags.sequence))
  const fields = childrenOf(expectTag(tbs, tags.sequence))
  // Version 1, the default, is left out.
  const [serial, , issuer, , subject, spki] = fields[0]?.tag === 0xa0 ? fields.slice(1) : fields
  return {
    x509,
    fingerprint: createHash('sha256').update(x509.raw).digest('hex'),
    spkiHash: createHash('sha256').update(expectTag(spki, tags.sequence).whole).digest('base64'),
    serial: expectTag(serial, tags.integer).content.toString('hex'),
    subject: expectTag(subject, tags.sequence).whole,
    issuer: expectTag(issuer, tags.sequence).whole,
    names: readNames(fields.find(({ tag }) => tag === 0xa3)),
  }
}

const subjectAltName = '2.5.29.17'
const userPrincipalName = '1.3.6.1.4.1.311.20.2.3'

function readNames(extensions: DerValue | undefined): AlternativeNames {
  const names = {
    dns: [] as string[],
    email: [] as string[],
    uri: [] as string[],
    ip_address: [] as string[],
    user_principal_name: [] as string[],
  }
  const list = extensions === undefined ? [] : childrenOf(readDer(extensions.content))
  for (const extension of list) {
    const parts = childrenOf(extension)
    if (readOid(parts[0]) !== subjectAltName) continue
    const value = expectTag(parts.at(-1), tags.octetString)
    for (const name of childrenOf(readDer(value.content))) {
      const [kind, text] = readName(name) ?? []
      if (kind !== undefined && text !== undefined) names[kind].push(text)
    }
  }
  return names
}

/** The kinds of GeneralName (RFC 5280 §4.2.1.6) that we know; undefined for another. */
function readName(
  name: DerValue,
): readonly [keyof AlternativeNames, string | undefined] | undefined {
  switch (name.tag) {
    case 0x81:
      return ['email', name.content.toString('latin1')]
    case 0x82:
      return ['dns', name.content.toString('latin1')]
    case 0x86:
      return ['uri', name.content.toString('latin1')]
    case 0x87:
      return ['ip_address', formatAddress(name.content)]
    case 0xa0:
      return ['user_principal_name', readPrincipal(name)]
    default:
      return undefined
  }
}

function readPrincipal(name: DerValue): string | undefined {
  const [type, value] = childrenOf(name)
  if (value === undefined || readOid(type) !== userPrincipalName) return undefined
  return readDer(value.content).content.toString('utf8')
}

function formatAddress(bytes: Buffer): string | undefined {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.length !== 16) return undefined
  const groups = bytes.toString('hex').match(/.{4}/g) ?? []
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address
}

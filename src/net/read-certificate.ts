import { createHash, type X509Certificate } from 'node:crypto'
import { isIPv6, SocketAddress } from 'node:net'
import { PeerError } from '../errors.ts'

/** The subject alternative names of a certificate, by kind. */
export interface AlternativeNames {
  readonly dns: readonly string[]
  readonly email: readonly string[]
  readonly uri: readonly string[]
  readonly ip_address: readonly string[]
  /** What Active Directory calls people by. */
  readonly user_principal_name: readonly string[]
}

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
    names: readNames(x509.subjectAltName ?? ''),
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

type Kind = keyof AlternativeNames

const kinds: Readonly<Record<string, Kind>> = {
  DNS: 'dns',
  email: 'email',
  URI: 'uri',
  'IP Address': 'ip_address',
}
const principalPrefix = 'UPN:'

/**
 * Takes apart the names as Node writes them: `KIND:NAME, KIND:"NAME"`, in quotes and as JSON what has a
 * comma, a quote or a character that is not printable.
 *
 * @see https://nodejs.org/api/crypto.html#x509subjectaltname
 */
function readNames(text: string): AlternativeNames {
  const names: Record<Kind, string[]> = {
    dns: [],
    email: [],
    uri: [],
    ip_address: [],
    user_principal_name: [],
  }
  let end = 0
  const written = /(?:^|, )([A-Za-z0-9 ]+):("(?:[^"\\]|\\.)*"|[^",]*)/gy
  for (const [whole, label = '', rest = ''] of text.matchAll(written)) {
    end += whole.length
    const value = rest.startsWith('"') ? String(JSON.parse(rest)) : rest
    const kind = Object.hasOwn(kinds, label) ? kinds[label] : undefined
    if (kind !== undefined) names[kind].push(kind === 'ip_address' ? compress(value) : value)
    else if (label === 'othername' && value.startsWith(principalPrefix)) {
      names.user_principal_name.push(value.slice(principalPrefix.length))
    }
  }
  if (end !== text.length) throw new PeerError('unreadable-certificate', 'it has unreadable names')
  return names
}

/** Node writes every group of an IPv6 address; people write the short form. */
function compress(address: string): string {
  return isIPv6(address) ? new SocketAddress({ address, family: 'ipv6' }).address : address
}

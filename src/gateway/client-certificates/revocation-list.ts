// First: the library below cannot be loaded without it.
import 'reflect-metadata'
import { constants, verify, type VerifyKeyObjectInput, type X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { messageOf, PeerError } from '../../errors.ts'

/**
 * What one authority has revoked.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-5
 */
export interface RevocationList {
  /** When the next list is due, in milliseconds since the epoch. */
  readonly nextUpdateMs: number
  /** Whether the serial number of a certificate is on it. */
  has(certificate: X509Certificate): boolean
  /** Whether this authority issued it: it has its name, and its key signed it. */
  isOf(authority: X509Certificate): boolean
}

/**
 * Largest revocation list, in bytes of DER: about 20,000 certificates. Reading it takes the library
 * seconds and some hundred MiB for a moment.
 *
 * @limit one revocation list of `crl`, `crl_file`: the configuration does not load
 */
const maxListBytes = 1_048_576

let last: { readonly pem: string; readonly lists: readonly RevocationList[] } | undefined

/**
 * Reads the lists of a PEM text; the same text again, at a reload for something else, takes no time.
 *
 * @throws PeerError `malformed-revocation-list`, or `unsupported-revocation-list` for one that is too
 * large or does not speak for everything its authority signed
 */
export function readRevocationLists(pem: string): readonly RevocationList[] {
  if (last?.pem !== pem) last = { pem, lists: readAll(pem) }
  return last.lists
}

function readAll(pem: string): readonly RevocationList[] {
  const blocks = pem.match(/-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/g) ?? []
  if (blocks.length !== pem.split('-----BEGIN X509 CRL-----').length - 1) {
    throw malformed('it ends within a list')
  }
  return blocks.map((block) => describe(parse(block)))
}

/** Opens what the library reads and does not show: what a signature is over, and plain entries. */
class ParsedList extends x509.X509Crl {
  get signed(): Uint8Array {
    return new Uint8Array(this.asn.tbsCertListRaw ?? [])
  }
  get namesOneAlgorithm(): boolean {
    return this.asn.signatureAlgorithm.isEqual(this.asn.tbsCertList.signature)
  }
  get revoked(): NonNullable<typeof this.asn.tbsCertList.revokedCertificates> {
    return this.asn.tbsCertList.revokedCertificates ?? []
  }
  get ownExtensions(): NonNullable<typeof this.asn.tbsCertList.crlExtensions> {
    return this.asn.tbsCertList.crlExtensions ?? []
  }
}

function parse(pem: string): ParsedList {
  const bytes = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64')
  if (bytes.length > maxListBytes) throw unsupported(`it is larger than ${maxListBytes} bytes`)
  try {
    // Of its own accord it reads no more than a thousand entries; the bytes are bound above.
    return new ParsedList(bytes, { berOptions: { maxNodes: maxListBytes } })
  } catch (error) {
    throw malformed(messageOf(error))
  }
}

function describe(list: ParsedList): RevocationList {
  if (!list.namesOneAlgorithm) throw unsupported('it names two signature algorithms')
  const isSignature = signatureCheck(list)
  refuseCritical(list.ownExtensions)
  for (const { crlEntryExtensions } of list.revoked) refuseCritical(crlEntryExtensions ?? [])
  const serials = new Set(list.revoked.map((entry) => fromBytes(entry.userCertificate)))
  const nextUpdateMs = nextUpdateOf(list)
  const { issuer } = list
  return {
    nextUpdateMs,
    has: ({ serialNumber }) => serials.has(fromText(serialNumber)),
    // The signature first: then the library reads nothing that a stranger made.
    isOf: (authority) => isSignature(authority) && subjectOf(authority) === issuer,
  }
}

/**
 * RFC 5280 §5.1.2.5 asks for it. Of a list without one the library (2.2.0) silently drops whatever
 * follows: everything that is revoked, and every extension.
 */
function nextUpdateOf({ nextUpdate }: ParsedList): number {
  const atMs = nextUpdate?.getTime() ?? Number.NaN
  if (Number.isNaN(atMs)) throw unsupported('it does not say when the next list is due')
  return atMs
}

const subjects = new WeakMap<X509Certificate, string>()

/** The library takes a millisecond; authorities of the configuration are asked for at every handshake. */
function subjectOf(authority: X509Certificate): string {
  const subject = subjects.get(authority) ?? new x509.X509Certificate(authority.raw).subject
  subjects.set(authority, subject)
  return subject
}

/**
 * A critical extension narrows what a list speaks for, or belongs to a delta: whoever does not
 * understand it must not use the list (RFC 5280 §5.2).
 */
function refuseCritical(extensions: readonly { extnID: string; critical: boolean }[]): void {
  const first = extensions.find(({ critical }) => critical)
  if (first === undefined) return
  throw unsupported(`it has a critical extension ${first.extnID}: give a full list`)
}

/** A serial number as a list has it; a negative one, which there should not be, included. */
function fromBytes(bytes: ArrayBuffer): bigint {
  return BigInt.asIntN(bytes.byteLength * 8, BigInt(`0x${Buffer.from(bytes).toString('hex')}`))
}

/** The same as Node writes it. */
function fromText(hex: string): bigint {
  return hex.startsWith('-') ? -BigInt(`0x${hex.slice(1)}`) : BigInt(`0x${hex}`)
}

const digests: Readonly<Record<string, string>> = {
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
}

/** Node's own `verify` waits for nothing, unlike the library's: decisions are made at once. */
function signatureCheck(list: ParsedList): (authority: X509Certificate) => boolean {
  const { digest, options } = algorithmOf(list)
  const signature = Buffer.from(list.signature)
  return ({ publicKey: key }) => {
    try {
      return verify(digest, list.signed, { key, ...options }, signature)
    } catch {
      // A key of another kind.
      return false
    }
  }
}

interface SignatureAlgorithm {
  /** Null where the algorithm brings its own. */
  readonly digest: string | null
  readonly options: Partial<VerifyKeyObjectInput>
}

function algorithmOf({ signatureAlgorithm }: ParsedList): SignatureAlgorithm {
  const { name, hash, saltLength } = signatureAlgorithm as {
    name: string
    hash?: { name: string }
    saltLength?: number
  }
  if (/^Ed(?:DSA|25519|448)$/.test(name)) return { digest: null, options: {} }
  const digest = digests[hash?.name ?? '']
  if (digest === undefined) {
    throw unsupported(`its signature algorithm ${name} is none of RSA, ECDSA or EdDSA with SHA-2`)
  }
  const padding = constants.RSA_PKCS1_PSS_PADDING
  return { digest, options: name === 'RSA-PSS' ? { padding, saltLength } : {} }
}

function malformed(why: string): PeerError {
  return new PeerError('malformed-revocation-list', why)
}

function unsupported(why: string): PeerError {
  return new PeerError('unsupported-revocation-list', why)
}

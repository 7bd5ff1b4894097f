// First: the library below cannot be loaded without it.
import 'reflect-metadata'
import { constants } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { messageOf, PeerError } from '../../errors.ts'
import { issuerText } from '../../net/name-text.ts'
import type { RevocationFacts } from './revocation-list.ts'

/**
 * Largest revocation list, in bytes of DER: about 20,000 certificates. Reading it takes the library
 * seconds and some hundred MiB for a moment.
 *
 * @limit one revocation list of `crl`, `crl_file`: the configuration does not load
 */
const maxListBytes = 1_048_576

/**
 * Reads the lists of a PEM text; long ones take seconds, so that the gateway has a worker do it.
 *
 * @throws PeerError `malformed-revocation-list`, or `unsupported-revocation-list` for one that is too
 * large or does not speak for everything its authority signed
 */
export function parseRevocationLists(pem: string): readonly RevocationFacts[] {
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

function describe(list: ParsedList): RevocationFacts {
  if (!list.namesOneAlgorithm) throw unsupported('it names two signature algorithms')
  const algorithm = algorithmOf(list)
  refuseCritical(list.ownExtensions)
  for (const { crlEntryExtensions } of list.revoked) refuseCritical(crlEntryExtensions ?? [])
  const serials = list.revoked.map((entry) => fromBytes(entry.userCertificate).toString(16))
  const { signed } = list
  return {
    ...algorithm,
    nextUpdateMs: nextUpdateOf(list),
    serials: serials.join(' '),
    issuer: issuerOf(signed),
    signature: new Uint8Array(list.signature),
    signed,
  }
}

function issuerOf(signed: Uint8Array): string {
  try {
    return issuerText(signed)
  } catch (error) {
    throw malformed(messageOf(error))
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

const digests: Readonly<Record<string, string>> = {
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
}

function algorithmOf({
  signatureAlgorithm,
}: ParsedList): Pick<RevocationFacts, 'digest' | 'options'> {
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
  return {
    digest,
    options: name === 'RSA-PSS' && saltLength !== undefined ? { padding, saltLength } : {},
  }
}

function malformed(why: string): PeerError {
  return new PeerError('malformed-revocation-list', why)
}

function unsupported(why: string): PeerError {
  return new PeerError('unsupported-revocation-list', why)
}

import { verify, type KeyObject } from 'node:crypto'
import { PeerError } from '../../errors.ts'
import {
  childrenOf,
  expectTag,
  readBitString,
  readDer,
  readOid,
  readTime,
  tags,
  type DerValue,
} from './der.ts'

/**
 * What one authority has revoked.
 *
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-5
 */
export interface RevocationList {
  /** Whole encoding of the authority's name. */
  readonly issuer: Buffer
  /** When the next list is due, in milliseconds since the epoch; Infinity when it does not say. */
  readonly nextUpdateMs: number
  /** Whether a serial number (its bytes, hexadecimal) is on it. */
  has(serial: string): boolean
  /** Whether the owner of this key signed it. */
  isSignedBy(key: KeyObject): boolean
}

/**
 * Reads the lists of a PEM text.
 *
 * @throws PeerError `malformed-der`, or `unsupported-revocation-list` for one that does not speak for
 * everything its authority signed
 */
export function readRevocationLists(pem: string): readonly RevocationList[] {
  const blocks = pem.matchAll(/-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g)
  return [...blocks].map(([, base64 = '']) => readList(Buffer.from(base64, 'base64')))
}

function readList(bytes: Buffer): RevocationList {
  const [tbs, algorithm, signature] = childrenOf(expectTag(readDer(bytes), tags.sequence))
  const signed = expectTag(tbs, tags.sequence)
  const all = childrenOf(signed)
  // Version 1, the default, is left out.
  const fields = all[0]?.tag === tags.integer ? all.slice(1) : all
  const [innerAlgorithm, issuer, , ...rest] = fields
  if (
    !expectTag(algorithm, tags.sequence).whole.equals(
      expectTag(innerAlgorithm, tags.sequence).whole,
    )
  )
    throw unsupported('it names two signature algorithms')
  const digest = digestOf(readOid(childrenOf(expectTag(algorithm, tags.sequence))[0]))
  const nextUpdate = rest.find(({ tag }) => tag === tags.utcTime || tag === tags.generalizedTime)
  const extensions = rest.find(({ tag }) => tag === 0xa0)
  if (extensions !== undefined) refuseCritical(readDer(extensions.content))
  const serials = new Set(revokedOf(rest.find(({ tag }) => tag === tags.sequence)))
  const signatureBytes = readBitString(signature)
  return {
    issuer: expectTag(issuer, tags.sequence).whole,
    nextUpdateMs: nextUpdate === undefined ? Infinity : readTime(nextUpdate),
    has: (serial) => serials.has(serial),
    isSignedBy: (key) => isSignature(digest, signed.whole, key, signatureBytes),
  }
}

function* revokedOf(list: DerValue | undefined): Iterable<string> {
  for (const entry of list === undefined ? [] : childrenOf(list)) {
    const [serial, , extensions] = childrenOf(entry)
    if (extensions !== undefined) refuseCritical(extensions)
    yield expectTag(serial, tags.integer).content.toString('hex')
  }
}

/**
 * A critical extension narrows what a list speaks for, or belongs to a delta: whoever does not
 * understand it must not use the list (RFC 5280 §5.2).
 */
function refuseCritical(extensions: DerValue): void {
  for (const extension of childrenOf(extensions)) {
    const [oid, critical] = childrenOf(extension)
    if (critical?.tag !== tags.boolean || critical.content[0] === 0) continue
    throw unsupported(`it has a critical extension ${readOid(oid)}: give a full list`)
  }
}

/** Of the signature algorithms; null where the algorithm brings its own. */
const digests: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
  '1.3.101.113': null,
}

function digestOf(oid: string): string | null {
  const digest = digests[oid]
  if (digest === undefined) {
    throw unsupported(`its signature algorithm ${oid} is none of RSA, ECDSA or EdDSA with SHA-2`)
  }
  return digest
}

function isSignature(
  digest: string | null,
  signed: Buffer,
  key: KeyObject,
  signature: Buffer,
): boolean {
  try {
    return verify(digest, signed, key, signature)
  } catch {
    // A key of another kind.
    return false
  }
}

function unsupported(why: string): PeerError {
  return new PeerError('unsupported-revocation-list', why)
}

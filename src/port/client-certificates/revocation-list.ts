import { verify, type VerifyKeyObjectInput, type X509Certificate } from 'node:crypto'
import { subjectText } from '../../net/name-text.ts'

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

/** What stands in a list, in a form that a worker can send. */
export interface RevocationFacts {
  readonly nextUpdateMs: number
  /** In hexadecimal as JavaScript writes it, separated by blanks. */
  readonly serials: string
  /** As `name-text.ts` writes it. */
  readonly issuer: string
  readonly signature: Uint8Array
  /** What the signature is over. */
  readonly signed: Uint8Array
  /** Null where the algorithm brings its own. */
  readonly digest: string | null
  readonly options: Partial<Pick<VerifyKeyObjectInput, 'padding' | 'saltLength'>>
}

/** @limit none: authorities of which a revocation list remembers whether it is theirs */
const maxKnown = 1_000

/** Makes a list from what stands in it. It answers at once: decisions wait for nothing. */
export function revocationListOf(facts: RevocationFacts): RevocationList {
  const serials = new Set(facts.serials === '' ? [] : facts.serials.split(' '))
  // By fingerprint: every reload and every handshake reads the same authorities anew, and a long list takes a
  // millisecond for each. Only those are asked about that a trusted one vouches for.
  const known = new Map<string, boolean>()
  return {
    nextUpdateMs: facts.nextUpdateMs,
    has: ({ serialNumber }) => serials.has(fromText(serialNumber).toString(16)),
    isOf(authority) {
      const { fingerprint256 } = authority
      const isOf = known.get(fingerprint256) ?? isIssuedBy(facts, authority)
      if (known.size >= maxKnown) known.clear()
      known.set(fingerprint256, isOf)
      return isOf
    },
  }
}

function isIssuedBy(
  { issuer, signature, signed, digest, options }: RevocationFacts,
  authority: X509Certificate,
): boolean {
  try {
    const { publicKey: key, raw } = authority
    // The signature first: then no name is read that a stranger made.
    return verify(digest, signed, { key, ...options }, signature) && subjectText(raw) === issuer
  } catch {
    // The key is of another kind, or the name is malformed.
    return false
  }
}

/** A serial number as Node writes it; a negative one, which there should not be, included. */
function fromText(hex: string): bigint {
  return hex.startsWith('-') ? -BigInt(`0x${hex.slice(1)}`) : BigInt(`0x${hex}`)
}

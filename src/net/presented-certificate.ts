import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { fingerprintOf, readCertificate, type ReadCertificate } from './read-certificate.ts'

/** What a client showed in its TLS handshake; it never changes while the connection lives. */
export interface PresentedCertificate {
  readonly leaf: ReadCertificate
  /** Whatever else it sent, to lead from the leaf to an authority. */
  readonly others: readonly X509Certificate[]
  /**
   * What OpenSSL found wrong at the handshake, by the authorities of that time; undefined for nothing.
   * It knows rules that `trust.ts` does not repeat (path length, name constraints, weak signatures).
   */
  readonly handshakeProblem: string | undefined
}

/**
 * Most certificates of one client that are looked at besides its own.
 *
 * @limit certificates that a client sends besides its own: the rest is not looked at
 */
const maxOtherCertificates = 10

/** Reads what a client showed; undefined for nothing. To be called once the handshake is done. */
export function readPresented(socket: TLSSocket): PresentedCertificate | undefined {
  const leaf = socket.getPeerX509Certificate()
  if (leaf === undefined) return undefined
  const problem = socket.authorized ? undefined : String(socket.authorizationError)
  try {
    return {
      leaf: readCertificate(leaf),
      others: sentWith(leaf),
      handshakeProblem: problem,
    }
  } catch {
    // OpenSSL is more lenient than we are; what we cannot read is not believed.
    return { leaf: unreadable(leaf), others: [], handshakeProblem: 'it cannot be read' }
  }
}

/** In the order of the handshake, which need not be that of who signed whom. */
function sentWith(leaf: X509Certificate): readonly X509Certificate[] {
  const others: X509Certificate[] = []
  let next = leaf.issuerCertificate
  while (next !== undefined && others.length < maxOtherCertificates) {
    others.push(next)
    next = next.issuerCertificate
  }
  return others
}

function unreadable(x509: X509Certificate): ReadCertificate {
  return {
    x509,
    fingerprint: fingerprintOf(x509),
    spkiHash: '',
    names: { dns: [], email: [], uri: [], ip_address: [], user_principal_name: [] },
  }
}

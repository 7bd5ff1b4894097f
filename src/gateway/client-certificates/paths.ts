import type { X509Certificate } from 'node:crypto'

/** From a client's own certificate to one that is trusted, each signed by the next. */
export type CertificatePath = readonly X509Certificate[]

/**
 * Longest path that is looked for, its two ends included.
 *
 * @limit certificates from a client's to its authority: the certificate is not valid
 */
const maxPathCertificates = 10
/**
 * Most signatures that are checked for one certificate; who sent it may try to keep us busy.
 *
 * @limit signatures checked for one client certificate: the certificate is not valid
 */
const maxSignatureChecks = 100

/**
 * Finds the ways from a certificate to those that are trusted. Any of these ends a path, a root or not;
 * what stands above it does not matter. A trusted leaf is a path of one.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4158
 */
export function findPaths(
  leaf: X509Certificate,
  others: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
): readonly CertificatePath[] {
  const anchors = new Set(trusted.map(({ fingerprint256 }) => fingerprint256))
  const issuers = distinct([...trusted, ...others])
  const paths: CertificatePath[] = []
  let checks = 0

  function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
    // Its names and key usage first: they cost nothing.
    if (!issuer.ca || !certificate.checkIssued(issuer)) return false
    checks += 1
    return checks <= maxSignatureChecks && certificate.verify(issuer.publicKey)
  }

  function explore(path: CertificatePath): void {
    const last = path.at(-1)
    if (last === undefined) return
    if (anchors.has(last.fingerprint256)) {
      paths.push(path)
      return
    }
    if (path.length === maxPathCertificates) return
    for (const issuer of issuers) {
      if (!path.includes(issuer) && isIssuedBy(last, issuer)) explore([...path, issuer])
    }
  }

  explore([leaf])
  return paths
}

function distinct(certificates: readonly X509Certificate[]): readonly X509Certificate[] {
  return [...new Map(certificates.map((one) => [one.fingerprint256, one])).values()]
}

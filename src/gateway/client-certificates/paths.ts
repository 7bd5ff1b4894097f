import type { ReadCertificate } from './certificate.ts'

/** From a client's own certificate to one that is trusted, each signed by the next. */
export type CertificatePath = readonly ReadCertificate[]

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
  leaf: ReadCertificate,
  others: readonly ReadCertificate[],
  trusted: readonly ReadCertificate[],
): readonly CertificatePath[] {
  const anchors = new Set(trusted.map(({ fingerprint }) => fingerprint))
  const issuers = distinct([...trusted, ...others])
  const paths: CertificatePath[] = []
  let checks = 0

  function isIssuedBy(certificate: ReadCertificate, issuer: ReadCertificate): boolean {
    // Its names and key usage first: they cost nothing.
    if (!issuer.x509.ca || !certificate.x509.checkIssued(issuer.x509)) return false
    checks += 1
    return checks <= maxSignatureChecks && certificate.x509.verify(issuer.x509.publicKey)
  }

  function explore(path: CertificatePath): void {
    const last = path.at(-1)
    if (last === undefined) return
    if (anchors.has(last.fingerprint)) {
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

function distinct(certificates: readonly ReadCertificate[]): readonly ReadCertificate[] {
  return [...new Map(certificates.map((one) => [one.fingerprint, one])).values()]
}

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
 * It looks from the trusted ones down: then no signature is checked with a key that only a stranger
 * vouches for, and which may have been made to keep us busy.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4158
 */
export function findPaths(
  leaf: X509Certificate,
  others: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
): readonly CertificatePath[] {
  const anchors = distinct(trusted)
  if (anchors.has(leaf.fingerprint256)) return [[leaf]]
  const between = [...distinct(others).values()].filter(
    ({ fingerprint256 }) => fingerprint256 !== leaf.fingerprint256 && !anchors.has(fingerprint256),
  )
  const paths: CertificatePath[] = []
  let checks = 0

  function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
    // Its names and key usage first: they cost nothing.
    if (!issuer.ca || !certificate.checkIssued(issuer)) return false
    checks += 1
    return checks <= maxSignatureChecks && certificate.verify(issuer.publicKey)
  }

  /** Goes on below the first of a path that leads up to something trusted. */
  function explore(lowest: X509Certificate, above: readonly X509Certificate[]): void {
    const path = [lowest, ...above]
    if (path.length === maxPathCertificates) return
    if (isIssuedBy(leaf, lowest)) paths.push([leaf, ...path])
    for (const next of between) {
      if (!path.includes(next) && isIssuedBy(next, lowest)) explore(next, path)
    }
  }

  for (const anchor of anchors.values()) explore(anchor, [])
  return paths
}

function distinct(certificates: readonly X509Certificate[]): ReadonlyMap<string, X509Certificate> {
  return new Map(certificates.map((one) => [one.fingerprint256, one]))
}

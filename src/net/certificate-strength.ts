import type { X509Certificate } from 'node:crypto'

/** Least size of the modulus of an RSA or DSA key, in bits: OpenSSL's level 2, of 112 bits of security. */
const minModulusBits = 2048

/**
 * Signatures over a hash of 224 bits or more, by the identifiers of their algorithms: RSA (RFC 8017 §A.2), ECDSA (RFC
 * 5758 §3.2), Ed25519 and Ed448 (RFC 8410 §3), and all of NIST's (RFC 9688, RFC 9881).
 */
const strongSignature =
  /^(?:1\.2\.840\.113549\.1\.1\.1[0-6]|1\.2\.840\.10045\.4\.3\.[1-4]|1\.3\.101\.11[23]|2\.16\.840\.1\.101\.3\.4\.3\.\d+)$/

/**
 * What of a certificate is too weak to be believed; undefined for nothing. OpenSSL refuses this by itself, at its level
 * of security 2; BoringSSL, which Bun has, takes RSA keys of 1024 bits and signatures over SHA-1. `isTrustAnchor`: it is
 * believed by itself, whoever signed it and how.
 */
export function weaknessOf(
  certificate: X509Certificate,
  isTrustAnchor: boolean,
): 'key' | 'signature' | undefined {
  if (isKeyWeak(certificate)) return 'key'
  const isStrong = isTrustAnchor || strongSignature.test(certificate.signatureAlgorithmOid)
  return isStrong ? undefined : 'signature'
}

function isKeyWeak(certificate: X509Certificate): boolean {
  try {
    const { modulusLength = minModulusBits } = certificate.publicKey.asymmetricKeyDetails ?? {}
    return modulusLength < minModulusBits
  } catch {
    // Nobody has checked a signature with what cannot be read.
    return true
  }
}

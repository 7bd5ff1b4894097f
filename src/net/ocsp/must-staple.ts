import type { X509Certificate } from 'node:crypto'
import { extensionOf, isEqual } from '../certificate-extension.ts'
import { contentOf } from '../der.ts'

/** Object identifiers, as they stand in DER. */
const tlsFeature = Buffer.from('2b06010505070118', 'hex')
const authorityInformation = Buffer.from('2b06010505070101', 'hex')
const ocsp = Buffer.from('2b06010505073001', 'hex')

/** `status_request`, and its successor for several certificates (RFC 7633 §4.2.3). */
const statusRequests = [5, 17]
/** A URI among the kinds of names (RFC 5280 §4.2.1.6). */
const uri = 0x86

/** Whether clients take a certificate only with a stapled OCSP answer: it has the TLS feature for it (RFC 7633). */
export function mustStaple({ raw }: X509Certificate): boolean {
  try {
    const features = extensionOf(raw, tlsFeature)
    if (features === undefined) return false
    return contentOf(raw, features).some(({ from, to }) => {
      const [feature] = raw.subarray(from, to)
      return to - from === 1 && feature !== undefined && statusRequests.includes(feature)
    })
  } catch {
    // OpenSSL has read it already, and does not read that either.
    return false
  }
}

/** Where a certificate says that OCSP answers about it are (RFC 5280 §4.2.2.1): http and https URLs, in its order. */
export function respondersOf({ raw }: X509Certificate): readonly URL[] {
  try {
    const access = extensionOf(raw, authorityInformation)
    if (access === undefined) return []
    return contentOf(raw, access).flatMap((description) => {
      const [method, location] = contentOf(raw, description)
      if (method === undefined || !isEqual(raw, method, ocsp) || location?.tag !== uri) return []
      const url = URL.parse(raw.subarray(location.from, location.to).toString('latin1'))
      return url !== null && /^https?:$/.test(url.protocol) ? [url] : []
    })
  } catch {
    return []
  }
}

/** What an answer about a certificate is asked for and judged by. */
export interface StapledCertificate {
  readonly leaf: X509Certificate
  /** Whoever signed it. */
  readonly issuer: X509Certificate
  /** At least one. */
  readonly responders: readonly URL[]
}

/** Why there can be no answer about a certificate that needs one, and what to do. */
export interface StaplingFault {
  readonly fault: string
  readonly hint: string
}

/** What the leaf of a chain needs, leaf first; undefined where it needs no stapled answer. */
export function stapledCertificateOf(
  chain: readonly X509Certificate[],
): StapledCertificate | StaplingFault | undefined {
  const [leaf, ...others] = chain
  if (leaf === undefined || !mustStaple(leaf)) return undefined
  const issuer = others.find((other) => isIssuer(other, leaf))
  if (issuer === undefined) {
    return {
      fault:
        'certificate is taken by clients only with a stapled OCSP answer, which cannot be asked for: its issuer is not in the chain',
      hint: "add the issuer's certificate to the file, after its own",
    }
  }
  const responders = respondersOf(leaf)
  if (responders.length === 0) {
    return {
      fault:
        'certificate is taken by clients only with a stapled OCSP answer, and names nobody who gives one',
      hint: 'have it issued without the TLS feature "status_request" (must-staple)',
    }
  }
  return { leaf, issuer, responders }
}

/** By its names and its signature. */
export function isIssuer(issuer: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
  } catch {
    // With a key of a kind that OpenSSL does not know.
    return false
  }
}

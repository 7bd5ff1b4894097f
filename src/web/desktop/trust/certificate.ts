import 'reflect-metadata'
import { SubjectAlternativeNameExtension, X509Certificate } from '@peculiar/x509'

/** What a certificate says, for somebody who wants to know which one it is. */
export interface CertificateDetails {
  readonly subject: string
  readonly issuer: string
  readonly serial: string
  readonly names: readonly string[]
  readonly notBefore: Date
  readonly notAfter: Date
}

/** The first certificate of a PEM text; undefined where there is none. */
export function readCertificate(pem: string): CertificateDetails | undefined {
  const block = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(pem)?.[0]
  if (block === undefined) return undefined
  try {
    const { subject, issuer, serialNumber: serial, ...times } = fieldsOf(new X509Certificate(block))
    return { subject, issuer, serial, ...times }
  } catch {
    return undefined
  }
}

function fieldsOf(
  certificate: X509Certificate,
): Omit<CertificateDetails, 'serial'> & { readonly serialNumber: string } {
  const { subject, issuer, serialNumber, notBefore, notAfter } = certificate
  const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? []
  return {
    subject,
    issuer,
    serialNumber,
    notBefore,
    notAfter,
    names: names.filter(({ type }) => type === 'dns').map(({ value }) => value),
  }
}

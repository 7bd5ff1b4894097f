import type { PresentedCertificate } from '../../net/presented-certificate.ts'

/** A certificate as logs name it. */
export interface DescribedCertificate {
  readonly issuer: string
  readonly subject: string
  readonly subjectAltName: readonly string[]
}

/**
 * Longest text and longest list that a log line repeats of what a client sent.
 *
 * @limit none: what a log line repeats
 */
const maxTextLength = 300
/** @limit none: what a log line repeats */
const maxNames = 20

/** Describes what a client showed; it may be a lie unless it is trusted. */
export function describeCertificate({ leaf }: PresentedCertificate): DescribedCertificate {
  const { dns, email, uri, ip_address: addresses, user_principal_name: principals } = leaf.names
  const names = [
    ...dns.map((name) => `DNS:${name}`),
    ...email.map((name) => `email:${name}`),
    ...uri.map((name) => `URI:${name}`),
    ...addresses.map((name) => `IP:${name}`),
    ...principals.map((name) => `UPN:${name}`),
  ]
  return {
    issuer: nameOf(leaf.x509.issuer),
    subject: nameOf(leaf.x509.subject),
    subjectAltName: names.slice(0, maxNames).map((name) => name.slice(0, maxTextLength)),
  }
}

/**
 * A distinguished name as RFC 4514 writes it, the last part first; Node gives one part a line, and undefined
 * for a name without parts, whatever its types say.
 */
export function nameOf(lines: string | undefined = ''): string {
  return lines.split('\n').toReversed().join(',').slice(0, maxTextLength)
}

import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { Checked } from './check.ts'

/** What a client is shown that asks for a host. */
export type HostCertificate =
  | { readonly kind: 'given'; readonly certificate: X509Certificate }
  /** None yet, or one that the store has: the gateway fetches it. */
  | { readonly kind: 'fetched' }
  | { readonly kind: 'none' }

/** Which certificate is for a host, as the gateway chooses it; `*` in it stands for one or more characters. */
export function certificateFor(
  host: string,
  { certificates, autocert }: Pick<Checked, 'certificates' | 'autocert'>,
): HostCertificate {
  const name = host.replaceAll('*', 'x')
  for (const { cert } of certificates) {
    const certificate = new X509Certificate(cert)
    const covers = isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)
    if (covers !== undefined) return { kind: 'given', certificate }
  }
  return { kind: autocert === undefined ? 'none' : 'fetched' }
}

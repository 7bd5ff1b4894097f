import type { X509Certificate } from 'node:crypto'
import { readAlternativeNames } from '../net/alternative-names.ts'

/** How the answer about one certificate stands. Times are milliseconds since the epoch. */
export interface StapleState {
  /** The first name that the certificate is for. */
  readonly name: string
  /** From when until when the answer holds; undefined: there is none. */
  readonly validity: { readonly fromMs: number; readonly untilMs: number } | undefined
  readonly isRevoked: boolean
  /** Why there is no newer one, or what is wrong with the certificate; undefined for nothing. */
  readonly error: string | undefined
  /** When the responder is asked next; undefined while it is, or where nobody can be. */
  readonly nextTryAtMs: number | undefined
  /** Whether somebody has to look: it is revoked, or there is no answer, or none for much longer. */
  readonly isLate: boolean
}

/** What a certificate is called by: its first host name or address, or its subject. */
export function nameOf({ raw, subject, serialNumber }: X509Certificate): string {
  try {
    const { dns, ip_address: addresses } = readAlternativeNames(raw)
    return dns[0] ?? addresses[0] ?? subject
  } catch {
    return serialNumber
  }
}

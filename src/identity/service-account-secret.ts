import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { ServiceAccountRecord } from '../store/store.ts'

/** Which form a service account's credential has: one token, or an id and a secret. */
export type CredentialFormat = ServiceAccountRecord['format']

/** What somebody says they are, to be checked: nothing here proves anything. */
export interface PresentedCredential {
  readonly format: CredentialFormat
  readonly id: string
  readonly secret: string
}

const secretBytes = 32

/** Makes an unguessable secret; the prefix is there for scanners that look for leaked ones. */
export function makeSecret(): string {
  return `postern_${randomBytes(secretBytes).toString('base64url')}`
}

/** What is kept of a secret: SHA-256, base64url. The secret of one format is none of the other's. */
export function hashSecret(format: CredentialFormat, secret: string): string {
  return hash('sha256', `${format}:${secret}`, 'base64url')
}

/** Whether two hashes are the same, in a time that tells nothing. */
export function isSameHash(one: string, other: string | undefined): boolean {
  if (other === undefined || one.length !== other.length) return false
  return timingSafeEqual(Buffer.from(one), Buffer.from(other))
}

import type { ServiceAccountRecord } from '../store/store.ts'
import type { NewServiceAccount } from './service-account-request.ts'
import { hashSecret, isSameHash } from './service-account-secret.ts'
import type { CredentialFormat } from './service-account-secret.ts'
import type { ServiceAccountSession } from './session.ts'

/** A service account as it is shown. Times are milliseconds since the epoch. */
export interface ServiceAccount {
  readonly id: string
  readonly description: string
  readonly format: CredentialFormat
  readonly state: 'active' | 'expired' | 'revoked'
  readonly createdAtMs: number
  readonly rotatedAtMs: number
  readonly expiresAtMs: number | undefined
  /** Until when the credential before the last rotation is good; undefined when it is not. */
  readonly formerUntilMs: number | undefined
  readonly lastUsedDayMs: number | undefined
  /** Those that its tunnels may have. */
  readonly sessionIds: readonly string[]
}

const sessionPrefix = 'service-account:'

/** Whether a session id is that of a service account. */
export function isServiceAccountSession(sessionId: string): boolean {
  return sessionId.startsWith(sessionPrefix)
}

/** One for each credential, so that those of a rotated one can be told from the others. */
export function sessionIdOf(id: string, secretHash: string): string {
  return `${sessionPrefix}${id}:${secretHash}`
}

/** The two parts of a session id that `sessionIdOf` made. */
export function parseSessionId(sessionId: string): {
  readonly id: string
  readonly secretHash: string
} {
  const [id = '', secretHash = ''] = sessionId.slice(sessionPrefix.length).split(':')
  return { id, secretHash }
}

/** What the credential of this hash is good for; undefined when it is good for nothing. */
export function sessionOf(
  record: ServiceAccountRecord,
  secretHash: string,
  nowMs: number,
): ServiceAccountSession | undefined {
  if (record.revokedAtMs !== undefined) return undefined
  const isCurrent = isSameHash(secretHash, record.secretHash)
  const isFormer = isSameHash(secretHash, record.formerSecretHash)
  if (!isCurrent && !isFormer) return undefined
  const expiresAtMs = isCurrent ? record.expiresAtMs : record.formerUntilMs
  if (expiresAtMs !== undefined && expiresAtMs <= nowMs) return undefined
  return {
    kind: 'service-account',
    id: sessionIdOf(record.id, secretHash),
    userId: record.id,
    email: undefined,
    emailVerified: false,
    groups: [],
    claims: {},
    expiresAtMs,
  }
}

/** The record of a new service account, with the hash of its secret. */
export function newRecord(
  { id, description, format, expiresAtMs }: NewServiceAccount,
  secret: string,
  nowMs: number,
): ServiceAccountRecord {
  return {
    id,
    description,
    format,
    secretHash: hashSecret(format, secret),
    formerSecretHash: undefined,
    formerUntilMs: undefined,
    createdAtMs: nowMs,
    rotatedAtMs: nowMs,
    expiresAtMs,
    revokedAtMs: undefined,
    lastUsedDayMs: undefined,
  }
}

/** A service account as it is shown. */
export function toAccount(record: ServiceAccountRecord, nowMs: number): ServiceAccount {
  const { id, description, format, createdAtMs, rotatedAtMs, expiresAtMs } = record
  const { formerUntilMs, lastUsedDayMs, revokedAtMs } = record
  const stateByTime = expiresAtMs !== undefined && expiresAtMs <= nowMs ? 'expired' : 'active'
  const hashes = [record.secretHash, record.formerSecretHash].filter((it) => it !== undefined)
  return {
    id,
    description,
    format,
    state: revokedAtMs !== undefined ? 'revoked' : stateByTime,
    createdAtMs,
    rotatedAtMs,
    expiresAtMs,
    formerUntilMs: (formerUntilMs ?? 0) > nowMs ? formerUntilMs : undefined,
    lastUsedDayMs,
    sessionIds: hashes.map((secretHash) => sessionIdOf(id, secretHash)),
  }
}

/** A token tells its end in whole seconds (RFC 7519 §4.1.4), and the account's is the same. */
export function wholeSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.floor(ms / 1000) * 1000
}

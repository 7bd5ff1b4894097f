import { z } from 'zod'
import { listQuery, moment, pageOf } from './common.ts'

export const serviceAccount = z
  .strictObject({
    id: z.string(),
    description: z.string(),
    state: z.enum(['active', 'expired', 'revoked']),
    format: z.enum(['jwt', 'id-secret']),
    created_at: moment,
    /** When its credential was made. */
    rotated_at: moment,
    /** Null for never. */
    expires_at: moment.nullable(),
    /** Until when the credential before the last rotation is good; null when it is not. */
    old_credential_until: moment.nullable(),
    /** A date, in UTC; null for never. */
    last_used_on: z.iso.date().nullable(),
    tunnels: z.int().min(0),
  })
  .meta({ id: 'ServiceAccount' })
export type ServiceAccountView = z.output<typeof serviceAccount>

/** `GET /api/v1/service-accounts`, by id, revoked ones included. */
export const serviceAccountsQuery = z.strictObject({
  q: z.string().max(200).optional().describe('part of an id or description'),
  ...listQuery,
})
export const serviceAccountsAnswer = pageOf(serviceAccount)
export type ServiceAccountsAnswer = z.output<typeof serviceAccountsAnswer>

const end = z.iso.datetime({ offset: true })

/** `POST /api/v1/service-accounts`. */
export const newServiceAccount = z.strictObject({
  id: z.string().min(1).max(256),
  description: z.string().max(1024),
  format: z.enum(['jwt', 'id-secret']),
  /** Null for never. */
  expires_at: end.nullable(),
})
export type NewServiceAccountView = z.output<typeof newServiceAccount>

/** `POST /api/v1/service-accounts/{id}/rotate`. */
export const rotation = z.strictObject({
  /** For how long the credential of now stays good, in milliseconds. */
  keep_old_ms: z
    .int()
    .min(0)
    .max(9_999_999 * 86_400_000),
  /** Null for never; absent for as before. */
  expires_at: end.nullable().optional(),
})
export type Rotation = z.output<typeof rotation>

/** A credential at the only moment it is shown. */
export const issuedCredential = z
  .strictObject({
    id: z.string(),
    format: z.enum(['jwt', 'id-secret']),
    /** The token, or the secret that goes with the id. */
    credential: z.string(),
    expires_at: moment.nullable(),
  })
  .meta({ id: 'IssuedCredential' })
export type IssuedCredentialView = z.output<typeof issuedCredential>

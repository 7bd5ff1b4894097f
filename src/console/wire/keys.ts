import { z } from 'zod'
import { moment } from './common.ts'

/** What the gateway signs with a key of its own for. */
export const signingPurpose = z.enum([
  'connector-grant',
  'ssh-ca',
  'application-token',
  'connector-ca',
  'audit',
])
export type SigningPurpose = z.output<typeof signingPurpose>

/** A key that the gateway signs with. */
export const signingKey = z
  .strictObject({
    /** The thumbprint of its public part (RFC 7638). */
    id: z.string(),
    created_at: moment,
    /** Whether another one has not taken its place. */
    current: z.boolean(),
    /** How many connectors that are registered now trust it; null where it is not theirs to trust. */
    connectors: z.int().min(0).nullable(),
  })
  .meta({ id: 'SigningKey' })
export type SigningKeyView = z.output<typeof signingKey>

/** `GET /api/v1/signing-keys/{purpose}`, the current one first. */
export const signingKeysAnswer = z.strictObject({ items: z.array(signingKey) })
export type SigningKeysAnswer = z.output<typeof signingKeysAnswer>

const connectorNamed = z.strictObject({ id: z.string(), tunnel: z.string() })

/** `POST /api/v1/signing-keys/{purpose}/rotation`. */
export const signingKeyRotated = z.strictObject({
  key: z.string(),
  /** How many connectors have taken it over, and those that are here and have not, so far. */
  connectors: z.int().min(0),
  untrusting: z.array(connectorNamed),
})
export type SigningKeyRotated = z.output<typeof signingKeyRotated>

/** `DELETE /api/v1/signing-keys/{purpose}/former`. */
export const signingKeysForgotten = z.strictObject({
  /** The current one. */
  key: z.string(),
  forgotten: z.array(z.string()),
  /** Connectors that were registered and trusted none but these. */
  cut: z.array(connectorNamed),
})
export type SigningKeysForgotten = z.output<typeof signingKeysForgotten>

/** A key by which the tokens of the provider are encrypted in the store. */
export const tokenKey = z
  .strictObject({
    id: z.string(),
    /** The setting that its secret stands in; null when no secret of now is its own. */
    from: z.enum(['token_encryption_key', 'shared_secret']).nullable(),
    created_at: moment,
    /** Whether new tokens are encrypted with it. */
    current: z.boolean(),
    /** Sessions whose tokens it encrypts. */
    sessions: z.int().min(0),
  })
  .meta({ id: 'TokenKey' })
export type TokenKeyView = z.output<typeof tokenKey>

/** `GET /api/v1/token-keys`. */
export const tokenKeysAnswer = z.strictObject({ items: z.array(tokenKey) })
export type TokenKeysAnswer = z.output<typeof tokenKeysAnswer>

/** `POST /api/v1/token-keys/rotation`: it has begun, or goes on after it was interrupted. */
export const tokenRotationAnswer = z.strictObject({ key: z.string(), resumed: z.boolean() })

/** `POST /api/v1/token-keys/rotation/step`: '' for the beginning, then `next` of the step before. */
export const tokenRotationStep = z.strictObject({ after: z.string().max(256) })
export const tokenRotationStepAnswer = z.strictObject({
  moved: z.int().min(0),
  /** Sessions that ended, since their stored tokens were changed from outside. */
  ended: z.array(z.string()),
  /** Null at the end. */
  next: z.string().nullable(),
})
export type TokenRotationStepAnswer = z.output<typeof tokenRotationStepAnswer>

/** `GET /api/v1/ssh-ca`: lines for `TrustedUserCAKeys`, the current one first. */
export const sshCaAnswer = z.strictObject({ keys: z.array(z.string()) })

/** `POST /api/v1/reload`: the files of the configuration were read again and hold. */
export const reloadAnswer = z.strictObject({
  routes: z.int().min(0),
  /** Keys of the file that changed and hold only after a restart. */
  need_restart: z.array(z.string()),
})
export type ReloadAnswer = z.output<typeof reloadAnswer>

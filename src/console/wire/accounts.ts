import { z } from 'zod'
import { listQuery, moment, pageOf } from './common.ts'

export const account = z
  .strictObject({
    /** The user id of its person. */
    id: z.string(),
    email: z.string(),
    /** Null until its person has given one. */
    name: z.string().nullable(),
    groups: z.array(z.string()),
    /** `locked-out`: it has neither a link nor a passkey that works. */
    state: z.enum(['active', 'invited', 'locked-out', 'disabled']),
    passkeys: z.int().min(0),
    /** Those of them that were made for another host name, and do not work here. */
    passkeys_of_another_host: z.int().min(0),
    created_at: moment,
    created_by: z.string(),
    /** When its link ends; null without one. */
    invited_until: moment.nullable(),
    /** When a passkey was used; null for never. */
    last_used_at: moment.nullable(),
  })
  .meta({ id: 'Account' })
export type AccountView = z.output<typeof account>

/** `GET /api/v1/accounts`, by email address. */
export const accountsQuery = z.strictObject({
  q: z.string().max(200).optional().describe('part of an email address, a name or a user id'),
  ...listQuery,
})
export const accountsAnswer = pageOf(account)

const expires_in_seconds = z.int().min(60).max(2_592_000).optional()
const groups = z.array(z.string().min(1).max(200)).max(100)

/** `POST /api/v1/accounts`. */
export const newAccount = z.strictObject({
  email: z.string().min(3).max(254),
  name: z.string().min(1).max(100).optional(),
  groups: groups.optional(),
  expires_in_seconds,
})

/** `POST /api/v1/accounts/reset`, and the others that name one by email address or user id. */
export const accountReset = z.strictObject({ who: z.string().min(1).max(320), expires_in_seconds })
export const accountNamed = z.strictObject({ who: z.string().min(1).max(320) })
export const accountGroups = z.strictObject({ who: z.string().min(1).max(320), groups })

/** A link at the only moment it is shown. */
export const accountInvitation = z
  .strictObject({ id: z.string(), email: z.string(), url: z.url(), expires_at: moment })
  .meta({ id: 'AccountInvitation' })

export const accountChanged = z
  .strictObject({ id: z.string(), email: z.string() })
  .meta({ id: 'AccountChanged' })

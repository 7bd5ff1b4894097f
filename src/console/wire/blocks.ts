import { z } from 'zod'
import { maxReasonLength } from './requests.ts'

/** Somebody who may do nothing here, whatever policies say. */
export const blockView = z.strictObject({
  /** As they were blocked: an email address in lower case, or a user id. */
  who: z.string(),
  /** All that they are known by. */
  user_ids: z.array(z.string()),
  emails: z.array(z.string()),
  reason: z.string(),
  blocked_by: z.string(),
  blocked_at: z.iso.datetime(),
  /** Whether SCIM keeps them out: only their directory lets them in again, and no request here. */
  by_scim: z.boolean(),
})
export type BlockView = z.output<typeof blockView>

/** `GET /api/v1/blocks`, newest first: there are at most 10,000, and all of them are answered. */
export const blocksAnswer = z.strictObject({ items: z.array(blockView) })
export type BlocksAnswer = z.output<typeof blocksAnswer>

/** `PUT /api/v1/blocks/{user}`; the user is an email address or a user id. */
export const putBlock = z.strictObject({ reason: z.string().max(maxReasonLength) })
export type PutBlock = z.output<typeof putBlock>

/** Its answer. */
export const blockedAnswer = z.strictObject({
  block: blockView,
  /** What ended by it on this gateway. */
  tunnels_cut: z.int().min(0),
  sessions_ended: z.int().min(0),
})
export type BlockedAnswer = z.output<typeof blockedAnswer>

/** `DELETE /api/v1/blocks/{user}` */
export const unblockedAnswer = blockView.extend({
  /** Other blocks that keep the same person out. */
  still_blocked_as: z.array(z.string()),
})
export type UnblockedAnswer = z.output<typeof unblockedAnswer>

import { z } from 'zod'
import { listQuery, pageOf } from './common.ts'

const time = z.iso.datetime()

/** `expired`: nobody answered in time; `ended`: its time is over, or somebody ended it before. */
export const accessRequestState = z.enum([
  'pending',
  'approved',
  'denied',
  'cancelled',
  'expired',
  'ended',
])
export type AccessRequestStateView = z.output<typeof accessRequestState>

/** Somebody's request to use a route for a while. */
export const accessRequestView = z.strictObject({
  id: z.string(),
  route_id: z.string(),
  /** The id where the route is gone. */
  route_name: z.string(),
  user_id: z.string(),
  email: z.string().optional(),
  reason: z.string(),
  for_seconds: z.int().min(1),
  state: accessRequestState,
  asked_at: time,
  /** Until when a pending one waits. */
  expires_at: time,
  /** Who approved, denied or cancelled it; the person themselves for break-glass. */
  decided_by: z.string().optional(),
  decided_at: time.optional(),
  /** What whoever decided it says to the person. */
  note: z.string().optional(),
  /** When access ends that was given, or has ended. */
  until: time.optional(),
  /** Who ended it before that. */
  ended_by: z.string().optional(),
  ended_at: time.optional(),
  break_glass: z.boolean(),
  /** Whether it is the caller's own. */
  mine: z.boolean(),
  /** Whether the caller may approve or deny it now: it is pending, they are an approver, and it is not theirs. */
  may_decide: z.boolean(),
  /** Whether the caller may cancel or end it now. */
  may_end: z.boolean(),
})
export type AccessRequestView = z.output<typeof accessRequestView>

/**
 * `GET /api/v1/requests`: one's own, those one may decide, and all of them for an admin or auditor; newest first. A page
 * may have fewer items than `limit` although more follow.
 */
export const requestsQuery = z.strictObject({
  state: z
    .enum(['pending', 'approved'])
    .optional()
    .describe('those that wait, or that give access now'),
  mine: z.enum(['true']).optional().describe('only those the caller has made'),
  route: z.string().max(200).optional().describe('id of a route'),
  ...listQuery,
})
export type RequestsQuery = z.output<typeof requestsQuery>

export const requestsAnswer = pageOf(accessRequestView)
export type RequestsAnswer = z.output<typeof requestsAnswer>

/** @limit characters of the reason of a request for access, of a block, or of a note to one: 422 */
export const maxReasonLength = 500

const forSeconds = z
  .int()
  .min(1)
  .max(31 * 86_400)

/** `POST /api/v1/requests` and `POST /api/v1/break-glass`. */
export const newAccessRequest = z.strictObject({
  route: z
    .string()
    .min(1)
    .max(300)
    .describe('its id, its name, or the host:port that it answers to'),
  for_seconds: forSeconds.describe('no longer than the `max` of the route'),
  reason: z.string().min(1).max(maxReasonLength),
})
export type NewAccessRequest = z.output<typeof newAccessRequest>

const note = z.string().max(maxReasonLength).optional()

/** `POST /api/v1/requests/{id}/approve`. */
export const approveRequest = z.strictObject({
  /** As long as was asked for without it; never longer than that. */
  for_seconds: forSeconds.optional(),
  note,
})
export type ApproveRequest = z.output<typeof approveRequest>

/** `POST /api/v1/requests/{id}/deny` and `…/end`; a person ends their own, pending or approved, too. */
export const closeRequest = z.strictObject({ note })
export type CloseRequest = z.output<typeof closeRequest>

import { z } from 'zod'
import { definition, documentProblem } from './documents.ts'

/** A change that is only thought of. */
export const proposedChange = z.strictObject({
  kind: z.enum(['route', 'policy']),
  /** That of one there is; a new one has it in its definition, or is given one. */
  id: z.string().max(64).optional(),
  /** Null: it is deleted. Without it the one there is stays as it is, and is disabled or enabled. */
  definition: definition.nullable().optional(),
  disabled: z.boolean().optional(),
})
export type ProposedChange = z.output<typeof proposedChange>

/** `POST /api/v1/reach`; 422 for changes that could not be saved. */
export const reachRequest = z.strictObject({
  changes: z.array(proposedChange).min(1).max(1000),
  /** Decisions of so many days are looked at, besides the sessions there are now. */
  days: z.int().min(0).max(90).optional(),
})
export type ReachRequest = z.output<typeof reachRequest>

const count = z.int().min(0)

export const reachedTunnel = z.strictObject({
  id: z.string(),
  route: z.string(),
  target: z.string(),
  /** An email address, a user id or a service account's id; null where nobody had to sign in. */
  who: z.string().nullable(),
  ip: z.string(),
  opened_at: z.iso.datetime(),
  /** Why it would be cut: `route-removed`, `policy-changed` or `route-changed` (it leads elsewhere). */
  ended: z.enum(['route-removed', 'policy-changed', 'route-changed']),
})
export type ReachedTunnel = z.output<typeof reachedTunnel>

export const reachedPerson = z.strictObject({
  kind: z.enum(['person', 'service-account']),
  who: z.string(),
  route_id: z.string(),
  route: z.string(),
  /** The last time a decision let them use it, as far as the audit log of these days says; null for never. */
  last_used: z.iso.datetime().nullable(),
})
export type ReachedPerson = z.output<typeof reachedPerson>

/** Each list holds at most 200, and says how many there are beyond those. */
export const reachAnswer = z.strictObject({
  routes: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      change: z.enum(['added', 'changed', 'removed']),
    }),
  ),
  tunnels: z.strictObject({ cut: count, open: count, items: z.array(reachedTunnel) }),
  gained: z
    .strictObject({ total: count, items: z.array(reachedPerson) })
    .nullable()
    .describe('null for who administers a namespace, and is not told of people at large'),
  lost: z
    .strictObject({ total: count, items: z.array(reachedPerson) })
    .describe('for who administers a namespace: of those who used its routes in these days, or do'),
  /** Routes that anybody may use without signing in, and could not before. */
  opened_to_everybody: z.array(z.string()),
  /** What it rests on. */
  judged_on: z.strictObject({
    people: count,
    /** Decisions of the audit log; null where there is none to be asked. */
    decisions: count.nullable(),
    days: count,
  }),
  /** What was taken for granted, and what could not be looked at: sentences. */
  assumed: z.array(z.string()),
  warnings: z.array(documentProblem),
})
export type ReachAnswer = z.output<typeof reachAnswer>

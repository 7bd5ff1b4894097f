import { z } from 'zod'
import { listQuery, pageOf } from './common.ts'
import { definition, documentRow } from './documents.ts'

/** A route as a list shows it. */
export const routeRow = documentRow.extend({
  name: z.string(),
  description: z.string(),
  /** As it was written; empty where it has none. */
  from: z.string(),
  to: z.array(z.string()),
  application: z.boolean(),
  listed: z.boolean(),
  /** Named policies that it uses. */
  policy_names: z.array(z.string()),
  /** Tunnels that are open now. */
  tunnels: z.int().min(0),
})
export type RouteRow = z.output<typeof routeRow>

/** `GET /api/v1/routes`, those of the file first, then by id. */
export const routesQuery = z.strictObject({
  q: z.string().max(200).optional().describe('part of an id, name, from, to or tag'),
  source: z.enum(['file', 'store']).optional(),
  tag: z.string().max(64).optional(),
  policy: z.string().max(64).optional().describe('name of a policy that it uses'),
  state: z.enum(['in-use', 'disabled', 'problem']).optional(),
  ...listQuery,
})
export type RoutesQuery = z.output<typeof routesQuery>

export const routesAnswer = pageOf(routeRow)
export type RoutesAnswer = z.output<typeof routesAnswer>

/** `GET /api/v1/routes/{id}`, and what a change of one answers. */
export const routeAnswer = routeRow.extend({
  definition,
  /** Keys of the definition that are secret and therefore not in it. */
  hidden: z.array(z.string()),
})
export type RouteAnswer = z.output<typeof routeAnswer>

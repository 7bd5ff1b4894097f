import { z } from 'zod'

/** What is said of one criterion, or of the route as a whole. */
const finding = z.strictObject({
  /** Stable, such as `email-unauthorized`. */
  code: z.string(),
  sentence: z.string(),
})

/** `GET /api/v1/refusals/{id}`: why somebody was refused a route, for that person and for admins. */
export const refusalView = z.strictObject({
  /** The request id of the first attempt that it is about. */
  id: z.string(),
  at: z.iso.datetime(),
  user_id: z.string(),
  email: z.string().optional(),
  route_id: z.string(),
  route_name: z.string(),
  /** What the person asked for, `host:port`. */
  target: z.string(),
  /** The address it came from. */
  ip: z.string(),
  message: z.string(),
  next: z.string(),
  findings: z.array(finding),
  /** What stands in the way, without people, networks and claims that the policy names. */
  rules: z.array(
    z.strictObject({
      side: z.enum(['allow', 'deny']),
      /** The how-manieth of its side, from 1 on. */
      number: z.int().min(1),
      operators: z.array(
        z.strictObject({
          /** Whether one of the criteria is enough, or all are needed. */
          needs: z.enum(['one', 'all']),
          criteria: z.array(
            z.strictObject({
              criterion: z.string(),
              found: z.string(),
              reason: z.string(),
              needed: z.string(),
            }),
          ),
        }),
      ),
    }),
  ),
  more_rules: z.boolean(),
  /** What named policies that said no say about themselves. */
  policies: z.array(
    z.strictObject({
      name: z.string(),
      explanation: z.string().optional(),
      remediation: z.string().optional(),
    }),
  ),
  /** Whom to ask, where the route says so. */
  contact: z.string().optional(),
  /** Whether the person may ask for access to the route, and for how long at most. */
  request: z.strictObject({ max_seconds: z.int().min(1) }).optional(),
  break_glass: z.boolean(),
})
export type RefusalView = z.output<typeof refusalView>

import { z } from 'zod'
import { activity, routeActivity } from './samples.ts'

const count = z.int().min(0)

/** A destination of the audit log. */
export const forwardState = z.strictObject({
  name: z.string(),
  /** `failing`: it takes nothing now and is tried again. */
  state: z.enum(['up-to-date', 'behind', 'failing']),
  /** Why it fails, one line. */
  problem: z.string().optional(),
  /** Records that it has yet to take, and how long the first of them has waited. */
  lag_records: count,
  lag_seconds: z.number().min(0),
  /** Records that retention took before they were sent. */
  dropped: count,
})
export type ForwardStateView = z.output<typeof forwardState>

/** A certificate that the gateway fetches, or one with whose OCSP answer something is wrong. */
export const certificate = z.strictObject({
  name: z.string(),
  /** When it ends, or its OCSP answer where that is what is wrong. Without it there is none yet. */
  valid_until: z.iso.datetime().optional(),
  /**
   * `late`: it could not be fetched, or is in the last third of its life and could not be renewed. `unstapled`: clients
   * take it only with an OCSP answer, which could not be fetched. `revoked`: its authority says so.
   */
  state: z.enum(['held', 'waiting', 'late', 'unstapled', 'revoked']),
  /** Why the last try failed, one line, and when it is tried again. */
  problem: z.string().optional(),
  next_try: z.iso.datetime().optional(),
})
export type CertificateView = z.output<typeof certificate>

/** `GET /api/v1/overview`. */
export const overviewAnswer = z.strictObject({
  at: z.iso.datetime(),
  version: z.string(),
  started_at: z.iso.datetime(),
  now: z.strictObject({
    tunnels: count,
    sessions: count,
    /** Connectors with a connection, and named tunnels in all. */
    connectors: count,
    named_tunnels: count,
    routes: count,
  }),
  last_hour: activity,
  last_day: activity,
  /** Of the last day, most bytes first; at most five. */
  busiest_routes: z.array(routeActivity),
  audit_forward: z.array(forwardState),
  /** Why the configuration files cannot be read again, a line for each problem: what they said before holds. */
  configuration_problems: z.array(z.string()),
  /** Those that are fetched, late ones first; at most 500. */
  certificates: z.array(certificate),
})
export type OverviewAnswer = z.output<typeof overviewAnswer>

import { z } from 'zod'

/** How far apart the points of a picture are. */
export const sampleStep = z.enum(['1m', '5m', '1h', '1d'])
export type SampleStep = z.output<typeof sampleStep>

const count = z.int().min(0)

/** Decisions of the policy by how they came out, those on live tunnels included. */
export const decisionCounts = z.strictObject({
  allow: count,
  deny: count,
  sign_in: count,
  client_certificate: count,
})

export const signInCounts = z.strictObject({ ok: count, failed: count })

/** What happened within a span of time. */
export const activity = z.strictObject({
  tunnels_opened: count,
  bytes_up: count,
  bytes_down: count,
  decisions: decisionCounts,
  sign_ins: signInCounts,
})
export type ActivityView = z.output<typeof activity>

/**
 * One step of a picture. `measured` is false where the gateway did not run: then every figure is 0, and a chart
 * leaves a gap.
 */
export const samplePoint = activity.extend({
  /** Begin of the step, RFC 3339. */
  at: z.iso.datetime(),
  measured: z.boolean(),
  /** Most that were open at once. */
  tunnels_open: count,
  sessions: count,
  connectors: count,
})
export type SamplePointView = z.output<typeof samplePoint>

/** What one route carried in the whole span. */
export const routeActivity = z.strictObject({
  route_id: z.string(),
  /** The id where the route is gone. */
  name: z.string(),
  /** Most that were open at once. */
  tunnels_open: count,
  tunnels_opened: count,
  bytes_up: count,
  bytes_down: count,
  decisions: decisionCounts,
})
export type RouteActivityView = z.output<typeof routeActivity>

/** `GET /api/v1/samples`. */
export const samplesQuery = z.strictObject({
  since: z.iso.datetime({ offset: true }).optional().describe('begin; 24 hours ago without it'),
  until: z.iso.datetime({ offset: true }).optional().describe('end; now without it'),
  step: sampleStep.optional().describe('the finest of which there are at most 500 without it'),
  route: z.string().max(200).optional().describe('id of a route: points of that one alone'),
})
export type SamplesQuery = z.output<typeof samplesQuery>

export const samplesAnswer = z.strictObject({
  since: z.iso.datetime(),
  until: z.iso.datetime(),
  step: sampleStep,
  /** Every step of the span, oldest first. */
  points: z.array(samplePoint),
  /** Most bytes first. */
  busiest_routes: z.array(routeActivity),
})
export type SamplesAnswer = z.output<typeof samplesAnswer>

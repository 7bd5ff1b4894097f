import { z } from 'zod'

/** How far apart the points of a picture are. */
export const sampleSteps = ['1m', '5m', '1h', '1d'] as const
export type SampleStep = (typeof sampleSteps)[number]

const moment = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))

export const samplesInput = z.strictObject({
  since: moment.optional(),
  until: moment.optional(),
  step: z.enum(sampleSteps).optional(),
  route: z.string().max(200).optional(),
})

export interface SamplesQuery {
  /** RFC 3339; 24 hours before `until` without it, and now. */
  readonly since?: string | undefined
  readonly until?: string | undefined
  /** The finest of which there are few enough without it. */
  readonly step?: SampleStep | undefined
  /** Id of a route: points of that one alone. */
  readonly route?: string | undefined
}

export interface DecisionCountsView {
  readonly allow: number
  readonly deny: number
  readonly sign_in: number
  readonly client_certificate: number
}

export interface ActivityView {
  readonly tunnels_opened: number
  readonly bytes_up: number
  readonly bytes_down: number
  readonly decisions: DecisionCountsView
  readonly sign_ins: { readonly ok: number; readonly failed: number }
}

/** One step; all figures are 0 where `measured` is false, since the gateway did not run. */
export interface SamplePointView extends ActivityView {
  readonly at: string
  readonly measured: boolean
  readonly tunnels_open: number
  readonly sessions: number
  readonly connectors: number
}

export interface RouteActivityView {
  readonly route_id: string
  readonly name: string
  readonly tunnels_open: number
  readonly tunnels_opened: number
  readonly bytes_up: number
  readonly bytes_down: number
  readonly decisions: DecisionCountsView
}

export interface SamplesAnswer {
  readonly since: string
  readonly until: string
  readonly step: SampleStep
  readonly points: readonly SamplePointView[]
  readonly busiest_routes: readonly RouteActivityView[]
}

export interface ForwardStateView {
  readonly name: string
  readonly state: 'up-to-date' | 'behind' | 'failing'
  readonly problem?: string
  readonly lag_records: number
  readonly lag_seconds: number
  readonly dropped: number
}

/** A certificate that the gateway fetches, or one with whose OCSP answer something is wrong. */
export interface CertificateView {
  readonly name: string
  /** Of an `unstapled` or `revoked` one, when the answer ends. Undefined: there is none yet. */
  readonly valid_until?: string
  /** `late`, `unstapled` and `revoked`: somebody has to look. */
  readonly state: 'held' | 'waiting' | 'late' | 'unstapled' | 'revoked'
  /** Why the last try failed. */
  readonly problem?: string
  readonly next_try?: string
}

export interface OverviewAnswer {
  readonly at: string
  readonly version: string
  readonly started_at: string
  readonly now: {
    readonly tunnels: number
    readonly sessions: number
    readonly connectors: number
    readonly named_tunnels: number
    readonly routes: number
  }
  readonly last_hour: ActivityView
  readonly last_day: ActivityView
  readonly busiest_routes: readonly RouteActivityView[]
  readonly audit_forward: readonly ForwardStateView[]
  readonly configuration_problems: readonly string[]
  readonly certificates: readonly CertificateView[]
}

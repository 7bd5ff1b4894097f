/** How much time a row stands for. */
export const sampleSpansMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const
export type SampleSpan = keyof typeof sampleSpansMs

/** What tunnels and decisions there were in a span of time. */
export interface RouteCounts {
  /** Most tunnels that were open at once. */
  readonly tunnelsOpen: number
  readonly tunnelsOpened: number
  readonly bytesUp: number
  readonly bytesDown: number
  /** Decisions by how they came out, those on live tunnels included. */
  readonly allowed: number
  readonly denied: number
  readonly signInNeeded: number
  readonly certificateNeeded: number
}

/** The same of the whole gateway, and what is no route's. */
export interface GatewayCounts extends RouteCounts {
  readonly signInsOk: number
  readonly signInsFailed: number
  /** Most at once. */
  readonly sessions: number
  readonly connectors: number
}

/** What was counted in a minute, or in the part of it since the last batch. */
export interface SampleBatch {
  readonly atMs: number
  readonly gateway: GatewayCounts
  /** Of routes with something; no two of one id. */
  readonly routes: readonly (RouteCounts & { readonly routeId: string })[]
}

export interface Sample extends GatewayCounts {
  /** Begin of its span. */
  readonly atMs: number
}

export interface SampleRange {
  readonly span: SampleSpan
  /** From that span on which has begun by then. */
  readonly sinceMs: number
  /** Spans that begin from then on are left out. */
  readonly untilMs: number
}

/** Figures over time. They are nobody's record: no change of the feed tells of them. */
export interface SampleStore {
  /** Adds to the minute, the hour and the day of a batch, and removes rows that are too old by then. */
  add(batch: SampleBatch): Promise<void>
  /** Oldest first; a span without a row was measured by nobody. Of one route, or of the whole gateway. */
  points(range: SampleRange, routeId?: string): Promise<readonly Sample[]>
  /** Routes with most bytes first, and after that with most tunnels. */
  busiest(
    range: SampleRange,
    maxRoutes: number,
  ): Promise<readonly (RouteCounts & { readonly routeId: string })[]>
}

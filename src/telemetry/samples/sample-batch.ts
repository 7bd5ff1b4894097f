/** What tunnels and decisions there were in a span of time; that of `store/` fits by shape. */
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
  readonly sessions: number
  readonly connectors: number
}

export interface SampleBatch {
  readonly atMs: number
  readonly gateway: GatewayCounts
  /** Of routes with something; no two of one id. */
  readonly routes: readonly (RouteCounts & { readonly routeId: string })[]
}

/** Where batches are kept; the samples of `store/` are one. */
export interface SampleKeeper {
  /** Adds to what is there of its minute. */
  add(batch: SampleBatch): Promise<void>
}

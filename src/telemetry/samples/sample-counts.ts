import type { CountedBytes } from '../byte-counter.ts'
import type { DecisionOutcome, Success } from '../metrics.ts'
import type { GatewayCounts, RouteCounts, SampleBatch } from './sample-batch.ts'

/** Counts what happens between two batches; in memory alone. */
export interface SampleCounts {
  /** A tunnel is open. What its counter says is read with each batch, until it ends. */
  tunnelOpened(routeId: string, bytes: CountedBytes): { ended(): void }
  decided(outcome: DecisionOutcome, routeId: string): void
  signedIn(outcome: Success): void
  /** What has happened since the last call; what goes on is counted anew from now on. */
  take(atMs: number, now: Pick<GatewayCounts, 'sessions' | 'connectors'>): SampleBatch
}

/**
 * @limit routes with figures of their own in the console's pictures, in one minute: further ones are counted in
 * the gateway's alone
 */
const maxRoutes = 1_000

const decisionCounts = {
  allow: 'allowed',
  deny: 'denied',
  'sign-in': 'signInNeeded',
  'client-certificate': 'certificateNeeded',
} as const satisfies Record<DecisionOutcome, keyof RouteCounts>

const noCounts: RouteCounts = {
  tunnelsOpen: 0,
  tunnelsOpened: 0,
  bytesUp: 0,
  bytesDown: 0,
  allowed: 0,
  denied: 0,
  signInNeeded: 0,
  certificateNeeded: 0,
}

type Counted = { -readonly [Name in keyof RouteCounts]: number } & {
  /** Open now. */
  open: number
}

interface LiveTunnel {
  readonly row: Counted | undefined
  readonly bytes: CountedBytes
  /** What was counted of it. */
  up: number
  down: number
}

export function createSampleCounts(): SampleCounts {
  const gateway: Counted = { ...noCounts, open: 0 }
  const routes = new Map<string, Counted>()
  const live = new Set<LiveTunnel>()
  let signIns = { ok: 0, failed: 0 }

  function rowOf(routeId: string): Counted | undefined {
    const known = routes.get(routeId)
    if (known !== undefined || routes.size >= maxRoutes) return known
    const row = { ...noCounts, open: 0 }
    routes.set(routeId, row)
    return row
  }

  function countBytes(tunnel: LiveTunnel): void {
    const { up, down } = tunnel.bytes
    for (const row of rowsOf(tunnel)) {
      row.bytesUp += up - tunnel.up
      row.bytesDown += down - tunnel.down
    }
    Object.assign(tunnel, { up, down })
  }

  function rowsOf({ row }: Pick<LiveTunnel, 'row'>): readonly Counted[] {
    return row === undefined ? [gateway] : [gateway, row]
  }

  return {
    tunnelOpened(routeId, bytes) {
      const tunnel = { row: rowOf(routeId), bytes, up: 0, down: 0 }
      live.add(tunnel)
      for (const row of rowsOf(tunnel)) {
        row.open += 1
        row.tunnelsOpened += 1
        row.tunnelsOpen = Math.max(row.tunnelsOpen, row.open)
      }
      return {
        ended() {
          if (!live.delete(tunnel)) return
          countBytes(tunnel)
          for (const row of rowsOf(tunnel)) row.open -= 1
        },
      }
    },
    decided(outcome, routeId) {
      for (const row of rowsOf({ row: rowOf(routeId) })) row[decisionCounts[outcome]] += 1
    },
    signedIn: (outcome) => void (signIns[outcome] += 1),
    take(atMs, now) {
      for (const tunnel of live) countBytes(tunnel)
      const taken = [...routes].map(([routeId, row]) => ({ routeId, ...takeRow(row) }))
      for (const [routeId, { open }] of routes) if (open === 0) routes.delete(routeId)
      const { ok: signInsOk, failed: signInsFailed } = signIns
      signIns = { ok: 0, failed: 0 }
      return {
        atMs,
        gateway: { ...takeRow(gateway), signInsOk, signInsFailed, ...now },
        routes: taken,
      }
    },
  }
}

/** What is open now was open at once in the next batch as well. */
function takeRow(row: Counted): RouteCounts {
  const { open, ...counts } = row
  Object.assign(row, noCounts, { tunnelsOpen: open })
  return counts
}

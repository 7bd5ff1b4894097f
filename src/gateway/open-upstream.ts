import type { Socket } from 'node:net'
import { dial } from '../net/dial.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Grant } from './grant.ts'
import type { Upstream } from './routes/route.ts'

export type OpenUpstream = (grant: Grant, signal: AbortSignal) => Promise<Socket>

export interface OpenUpstreamParts {
  readonly metrics: Metrics
  /** A number in [0, 1). */
  readonly random?: () => number
}

/**
 * Makes the one function that dials. It tries the route's upstreams in an order drawn by their
 * weights, each once, and throws the last one's `UpstreamError` when none can be reached.
 */
export function createOpenUpstream({
  metrics,
  random = Math.random,
}: OpenUpstreamParts): OpenUpstream {
  return async (grant, signal) => {
    let failure: unknown
    for (const upstream of drawOrder(grant.route.to, random)) {
      const startedMs = performance.now()
      try {
        const socket = await dial(upstream, { signal })
        metrics.dialled('ok', performance.now() - startedMs)
        return socket
      } catch (error) {
        failure = error
        if (signal.aborted) break
        metrics.dialled('failed', performance.now() - startedMs)
      }
    }
    throw failure
  }
}

/** Draws without putting back: each next place goes to one of those left, by weight. */
export function drawOrder(
  upstreams: readonly Upstream[],
  random: () => number,
): readonly Upstream[] {
  const left = [...upstreams]
  const order: Upstream[] = []
  while (left.length > 0) {
    let ticket = random() * left.reduce((sum, { weight }) => sum + weight, 0)
    const drawn = left.findIndex(({ weight }) => (ticket -= weight) < 0)
    order.push(...left.splice(Math.max(drawn, 0), 1))
  }
  return order
}

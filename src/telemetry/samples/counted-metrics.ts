import type { Metrics } from '../metrics.ts'
import type { SampleCounts } from './sample-counts.ts'

/** The same metrics, of which what the pictures show is counted as well. */
export function withSamples(metrics: Metrics, counts: SampleCounts): Metrics {
  return {
    ...metrics,
    tunnelOpened(route, bytes) {
      const counted = metrics.tunnelOpened(route, bytes)
      const sampled = counts.tunnelOpened(route.id, bytes)
      return {
        ended(ended, durationMs) {
          counted.ended(ended, durationMs)
          sampled.ended()
        },
      }
    },
    decided(outcome, route) {
      metrics.decided(outcome, route)
      counts.decided(outcome, route.id)
    },
    signedIn(outcome) {
      metrics.signedIn(outcome)
      counts.signedIn(outcome)
    },
  }
}

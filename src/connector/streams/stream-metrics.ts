import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { TunnelBytes } from '../../net/direction.ts'
import type { RelayCause } from '../../net/relay.ts'
import { countBytes } from '../../telemetry/byte-counter.ts'
import type { StreamFault } from '../../tunnel/connector/protocol.ts'

/** What a connector counts of its streams. Labels are words of the program, never what a gateway sent. */
export interface StreamMetrics {
  /** A stream is open; its bytes are read at each scrape until it ends. */
  opened(bytes: Readonly<TunnelBytes>): { ended(cause: RelayCause): void }
  refused(why: StreamFault | 'not-socks'): void
  /** A service is dialled; tell how that came out. */
  dialling(): (outcome: 'ok' | 'failed') => void
}

const dialBucketsSeconds = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30]

/** Adds the metrics of streams to a registry. */
export function createStreamMetrics(registry: Registry): StreamMetrics {
  const registers = [registry]
  const moved = countBytes(registry, {
    name: 'postern_connector_stream_bytes_total',
    help: 'Bytes to services (up) and from them (down), those of open streams included',
  })
  const active = new Gauge({
    name: 'postern_connector_streams_active',
    help: 'Streams that are open',
    registers,
  })
  const streams = new Counter({
    name: 'postern_connector_streams_total',
    help: 'Streams that have ended or were refused, by why',
    labelNames: ['outcome'],
    registers,
  })
  const dials = new Histogram({
    name: 'postern_connector_dial_seconds',
    help: 'Time to reach a service, or to find that it cannot be',
    labelNames: ['outcome'],
    buckets: dialBucketsSeconds,
    registers,
  })
  return {
    opened(bytes) {
      moved.add(bytes)
      active.inc()
      return {
        ended(cause) {
          moved.end(bytes)
          active.dec()
          streams.inc({ outcome: cause })
        },
      }
    },
    refused: (outcome) => streams.inc({ outcome }),
    dialling() {
      const startedMs = performance.now()
      return (outcome) => dials.observe({ outcome }, (performance.now() - startedMs) / 1000)
    },
  }
}

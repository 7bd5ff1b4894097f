import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import { version } from '../version.ts'
import { createStreamMetrics, type StreamMetrics } from './streams/stream-metrics.ts'

/** What a connector counts. */
export interface ConnectorMetrics {
  readonly streams: StreamMetrics
  /** A connection was made and registered, or was not. */
  connected(outcome: 'ok' | 'failed'): void
  /** Asks for the number of registered connections at each scrape. */
  countConnections(count: () => number): void
  readonly contentType: string
  /** Everything in Prometheus' text format. */
  render(): Promise<string>
}

/** As the gateway's: the default looks at the event loop 100 times a second. */
const eventLoopPrecisionMs = 200

/** Makes an empty set of metrics, with those of the process itself. **Default:** in a registry of its own */
export function createConnectorMetrics(registry: Registry = new Registry()): ConnectorMetrics {
  const registers = [registry]
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: eventLoopPrecisionMs })
  new Gauge({
    name: 'postern_build_info',
    help: 'Always 1; the release and the runtime are its labels',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.versions.node }, 1)
  const connects = new Counter({
    name: 'postern_connector_registrations_total',
    help: 'Attempts at a connection to the gateway, registration included',
    labelNames: ['outcome'],
    registers,
  })
  for (const outcome of ['ok', 'failed']) connects.inc({ outcome }, 0)
  return {
    streams: createStreamMetrics(registry),
    connected: (outcome) => connects.inc({ outcome }),
    countConnections(count) {
      void new Gauge({
        name: 'postern_connector_connections',
        help: 'Connections to the gateway that are registered',
        registers,
        collect() {
          this.set(count())
        },
      })
    },
    contentType: registry.contentType,
    render: () => registry.metrics(),
  }
}

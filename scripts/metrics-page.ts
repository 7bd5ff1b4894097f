// docs/metrics.md: every metric that a gateway and a connector have, as their registries know them.
import { Registry } from 'prom-client'
import { createConnectorMetrics } from '../src/connector/connector-metrics.ts'
import { createMetrics } from '../src/telemetry/metrics.ts'
import { familiesOf, renderMetricsReference } from '../src/telemetry/metrics-reference.ts'

/** Makes the page; some metrics are there once somebody says what they count. */
export function renderMetricsPage(): string {
  const [ofGateway, ofConnector] = [new Registry(), new Registry()]
  const gateway = createMetrics(ofGateway)
  gateway.countSessions(() => 0)
  gateway.countConnections(() => ({ withTunnel: 0, withoutTunnel: 0 }))
  gateway.countDroppedLines(() => 0)
  gateway.forwarding.countLag(() => Promise.resolve([]))
  gateway.certificates.countCertificates(() => [])
  gateway.staples.countStaples(() => [])
  createConnectorMetrics(ofConnector).countConnections(() => 0)
  return renderMetricsReference(familiesOf(ofGateway), familiesOf(ofConnector))
}

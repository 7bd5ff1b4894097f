import type { LiveTunnels } from '../access/live-tunnels.ts'
import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/config.ts'
import { probeProtocol } from '../links/cloudflared/probe-protocol.ts'
import { createCloudflaredProtocol } from '../links/cloudflared/protocol.ts'
import type { Links } from '../links/links.ts'
import { createPosternProtocol } from '../links/postern/protocol.ts'
import { createRefusalLog } from '../links/refusal-log.ts'
import type { PortProtocol } from '../port/peers/port-protocol.ts'
import type { NamedTunnelEnd } from '../publish/named-tunnels.ts'
import type { RouteTable } from '../routes/table.ts'
import type { Ended } from '../telemetry/ended.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { leadsToTunnel } from './hostname-owner.ts'
import { namedServicesOf } from './named-services.ts'
import type { OpenPublishing } from './open-publishing.ts'

export interface ConnectorProtocolsParts {
  readonly publishing: Pick<OpenPublishing, 'namedTunnels' | 'signingKeys' | 'publishing'>
  readonly links: Links
  readonly liveTunnels: Pick<LiveTunnels, 'cut'>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Pick<Metrics, 'connectors'>
  routeTable(): RouteTable
}

/** As whom a tunnel's user is told of it, and the log has it. */
const endings = {
  'tunnel-deleted': 'named-tunnel-deleted',
  'tunnel-revoked': 'connector-revoked',
} as const satisfies Record<NamedTunnelEnd, Ended>

/** What connectors speak on the port. */
export interface ConnectorProtocols {
  readonly protocols: readonly PortProtocol[]
}

export function createConnectorProtocols(
  { authenticateServiceUrl }: Pick<GatewayConfig, 'authenticateServiceUrl'>,
  { publishing, links, liveTunnels, clock, log, metrics, routeTable }: ConnectorProtocolsParts,
): ConnectorProtocols {
  const { namedTunnels, signingKeys } = publishing
  const logger = log.service('connectors')
  // Before the connections end, of which whoever uses a tunnel would learn as of a loss.
  namedTunnels.onEnded((tunnelId, why) => {
    liveTunnels.cut(({ destination }) => destination.connector?.tunnelId === tunnelId, endings[why])
  })
  const location = authenticateServiceUrl?.hostname ?? 'postern'
  const refusalLog = createRefusalLog(clock, logger)
  const onRefused = metrics.connectors.refused
  const parts = { clock, logger, namedTunnels, links, location, refusalLog, onRefused }
  return {
    protocols: [
      createPosternProtocol({
        ...parts,
        grantKeys: () => signingKeys.all('connector-grant'),
        onGrantKeys: signingKeys.onChanged,
        claim: (tunnel, hostnames) => publishing.publishing.claim(tunnel, hostnames),
        isReached: (hostname, tunnel) => leadsToTunnel(routeTable(), hostname, tunnel),
      }),
      createCloudflaredProtocol({
        ...parts,
        namedServices: (tunnel) => namedServicesOf(routeTable().routes, tunnel),
      }),
      probeProtocol,
    ],
  }
}

import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/config.ts'
import type { Logger } from '../log.ts'
import type { ClientCertificates } from '../port/client-certificates/client-certificates.ts'
import { createPeerReport } from '../port/peer-report.ts'
import { ownDescriptors } from '../port/peers/descriptors.ts'
import { createPeers } from '../port/peers/peers.ts'
import type { PortProtocol } from '../port/peers/port-protocol.ts'
import type { PortHandlers } from '../port/http/port-handlers.ts'
import { openPort, type Port } from '../port/port.ts'
import { createProxyAdmission, createRefusedConnections } from '../port/proxy-admission.ts'
import type { TlsAlpnChallenges } from '../port/acme-challenge.ts'
import { createTlsContexts, type Certificate } from '../port/tls-contexts.ts'
import type { Metrics } from '../telemetry/metrics.ts'

export interface GatewayPortOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clientCertificates: ClientCertificates
  readonly handlers: PortHandlers
  /** What is fetched of certificates, besides those of the configuration. */
  readonly fetched: {
    readonly challenges: TlsAlpnChallenges
    certificates(): readonly Certificate[]
  }
  /** What is spoken besides HTTP. */
  readonly protocols: readonly PortProtocol[]
}

/** The open port, and how it takes over a new configuration. */
export interface GatewayPort {
  readonly port: Port
  reload(config: GatewayConfig): void
  /** Takes over what was fetched since. */
  renewed(): void
}

/**
 * Opens the port, with what stands before it: who may connect, how many of them, by which certificate.
 *
 * @throws SystemError as `openPort`
 */
export async function openGatewayPort(
  config: GatewayConfig,
  { clock, logger, metrics, clientCertificates, handlers, protocols, fetched }: GatewayPortOptions,
): Promise<GatewayPort> {
  let { timeoutWriteMs, certificates, downstreamMtls } = config
  const refused = createRefusedConnections(logger, clock)
  const admission = createProxyAdmission(config.proxyProtocol, refused)
  const peers = createPeers({
    clock,
    limits: config.peerLimits,
    maxLifeMs: () => timeoutWriteMs,
    descriptors: ownDescriptors(),
    report: createPeerReport({ logger, clock, metrics }),
  })
  metrics.countConnections(peers.count)
  const port = await openPort({
    address: config.address,
    peers,
    contexts: createTlsContexts([...certificates, ...fetched.certificates()], downstreamMtls?.ca),
    challenges: fetched.challenges,
    admission,
    clientCertificates,
    idleTimeoutMs: config.timeoutIdleMs,
    readTimeoutMs: config.timeoutReadMs,
    handlers,
    protocols,
  })
  return {
    port,
    reload(next) {
      const all = [...next.certificates, ...fetched.certificates()]
      port.replaceCertificates(all, next.downstreamMtls?.ca)
      ;({ certificates, downstreamMtls } = next)
      admission.replace(next.proxyProtocol)
      peers.replace(next.peerLimits)
      timeoutWriteMs = next.timeoutWriteMs
    },
    renewed() {
      port.replaceCertificates([...certificates, ...fetched.certificates()], downstreamMtls?.ca)
    },
  }
}

import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
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
import type { OpenStaples } from './open-staples.ts'

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
  readonly staples: Pick<OpenStaples, 'find' | 'prepare' | 'follow'>
  /** What is spoken besides HTTP. */
  readonly protocols: readonly PortProtocol[]
}

/** Longest wait for OCSP answers before a new certificate takes the place of another, in milliseconds. */
const staplesWaitMs = 5_000

/** The open port, and how it takes over a new configuration. */
export interface GatewayPort {
  readonly port: Port
  /** Has ready what new certificates are served with; before `reload`. */
  prepare(config: GatewayConfig): Promise<void>
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
  options: GatewayPortOptions,
): Promise<GatewayPort> {
  const { clock, logger, metrics, clientCertificates, handlers, protocols, fetched, staples } =
    options
  let { timeoutWriteMs, certificates, downstreamMtls } = config
  const all = (): readonly Certificate[] => [...certificates, ...fetched.certificates()]
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
  // What is kept of them: nobody on the network is waited for.
  await staples.prepare(all(), 0)
  const port = await openPort({
    address: config.address,
    peers,
    contexts: createTlsContexts(all(), downstreamMtls?.ca),
    staple: staples.find,
    challenges: fetched.challenges,
    admission,
    clientCertificates,
    idleTimeoutMs: config.timeoutIdleMs,
    readTimeoutMs: config.timeoutReadMs,
    handlers,
    protocols,
  })
  staples.follow(all())
  const swap = (): void => {
    port.replaceCertificates(all(), downstreamMtls?.ca)
    staples.follow(all())
  }
  return {
    port,
    async prepare(next) {
      await staples.prepare([...next.certificates, ...fetched.certificates()], staplesWaitMs)
    },
    reload(next) {
      try {
        const those = [...next.certificates, ...fetched.certificates()]
        port.replaceCertificates(those, next.downstreamMtls?.ca)
        ;({ certificates, downstreamMtls } = next)
      } finally {
        staples.follow(all())
      }
      admission.replace(next.proxyProtocol)
      peers.replace(next.peerLimits)
      timeoutWriteMs = next.timeoutWriteMs
    },
    renewed() {
      const ready = staples.prepare(all(), staplesWaitMs)
      if (ready === undefined) return swap()
      ready.then(swap).catch((error: unknown) => {
        logger.error('certificates not taken over', { error: messageOf(error) })
      })
    },
  }
}

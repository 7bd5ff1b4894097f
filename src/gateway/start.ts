import type { AddressInfo } from 'node:net'
import { systemClock, type Clock } from '../clock.ts'
import type { Logger } from '../log.ts'
import { within, type Closable } from '../shutdown.ts'
import { standardOutput } from '../standard-output.ts'
import { openAuditFiles } from '../telemetry/audit-files.ts'
import { createAuditLog, type AuditLog } from '../telemetry/audit-log.ts'
import { createLog, type LineSink } from '../telemetry/log.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import { serveMetrics } from '../telemetry/metrics-server.ts'
import { createApp, createSignInApp } from '../pages/app.ts'
import { assemble } from './assemble.ts'
import type { GatewayConfig } from '../config/config.ts'
import { createOperations } from '../control/operations.ts'
import { startControl } from '../control/server.ts'
import { createCutApi } from '../pages/cut-api.ts'
import { createHandlers } from './handlers.ts'
import type { CreatePages, PagesParts } from './parts.ts'
import { createRoutesApi } from '../pages/pomerium/routes-api.ts'
import { openIdentity, type OpenIdentity } from './open-identity.ts'
import { createPeerReport } from '../port/peer-report.ts'
import { ownDescriptors } from '../port/peers/descriptors.ts'
import { createPeers } from '../port/peers/peers.ts'
import { openPort } from '../port/port.ts'
import { createProxyAdmission, createRefusedConnections } from '../port/proxy-admission.ts'
import { keysNeedingRestart } from './restart-keys.ts'
import { createSignInLog } from '../pages/sign-in/sign-in-log.ts'
import { createShutdown } from './stop.ts'
import type { Route } from '../routes/route.ts'
import { openStateDirectory } from '../store/state-directory.ts'
import { createTlsContexts } from '../port/tls-contexts.ts'

export interface GatewayOptions {
  /** Where log lines go; default: standard output. */
  readonly logSink?: LineSink
  readonly clock?: Clock
  /** Makes the pages at the gateway's own address; plain ones without it. */
  readonly pages?: CreatePages
}

/** Longest wait for the disk when the gateway ends, in milliseconds: its audit entries are kept first. */
const auditWaitMs = 1_000

/** A running gateway. */
export interface Gateway extends Closable {
  /** Where it listens, with the port the system chose. */
  readonly address: AddressInfo
  readonly metricsAddress: AddressInfo | undefined
  readonly logger: Logger
  readonly audit: AuditLog
  readonly metrics: Metrics
  /** Those that hold now. */
  routes(): readonly Route[]
  /**
   * Takes over what a new configuration says of routes, policies, certificates, logs and redirects, as
   * one step, and decides the live tunnels again. Answers the keys that differ and need a restart.
   */
  reload(config: GatewayConfig): Promise<readonly string[]>
}

/**
 * Starts a gateway with a checked configuration. Asks nobody on the network: a provider that is down
 * makes sign-ins fail and nothing else.
 *
 * @throws SystemError when the address, the state directory or the store cannot be used
 */
export async function startGateway(
  config: GatewayConfig,
  options: GatewayOptions = {},
): Promise<Gateway> {
  const { clock = systemClock, logSink = standardOutput(1) } = options
  // Whatever fails below, what was opened before it is closed again, last first.
  await using opened = new AsyncDisposableStack()
  const log = createLog({ level: config.logLevel, sink: logSink, clock })
  const metrics = createMetrics()
  metrics.countDroppedLines(() => logSink.droppedLines ?? 0)
  const state = opened.adopt(await openStateDirectory(config.stateDirectory), (it) => it.release())
  const keeper = opened.adopt(openAuditFiles(state.auditPath, clock), (it) =>
    within(auditWaitMs, it.close()),
  )
  const audit = createAuditLog({
    logger: log.service('audit'),
    keeper,
    clock,
    onLost: (entries) => metrics.auditEntriesLost(entries),
  })
  opened.defer(() => within(auditWaitMs, audit.flushed()))
  const { identity, signIn, tokenKeys } = opened.adopt(
    await openIdentity(config, {
      state,
      clock,
      log,
      audit,
      metrics,
      hasTunnel: (sessionId) => parts.liveTunnels.countOf(sessionId) > 0,
    }),
    (it) => it.close(),
  )
  const parts = assemble(config, { clock, log, audit, metrics, identity })
  const logger = log.service('gateway')
  const pages = options.pages?.({ ...parts, ...pagesIdentity(signIn), logger })
  const signInLog = createSignInLog(audit, clock)
  const home = pages === undefined ? '/.pomerium/' : '/'
  const app = createApp({
    logger,
    signIn: signIn && createSignInApp({ ...parts, ...signIn, home, logger, signInLog }),
    routesApi: createRoutesApi({ ...parts, signIn }),
    cutApi: createCutApi(parts.cutTunnels),
    pages,
  })
  metrics.countSessions(() => identity.countSessions())
  const contexts = createTlsContexts(config.certificates, config.downstreamMtls?.ca)
  const { address, timeoutIdleMs, timeoutReadMs } = config
  const refused = createRefusedConnections(logger, clock)
  const admission = createProxyAdmission(config.proxyProtocol, refused)
  let { timeoutWriteMs } = config
  const peers = createPeers({
    clock,
    limits: config.peerLimits,
    maxLifeMs: () => timeoutWriteMs,
    descriptors: ownDescriptors(),
    report: createPeerReport({ logger, clock, metrics }),
  })
  metrics.countConnections(peers.count)
  const port = await openPort({
    address,
    peers,
    contexts,
    admission,
    clientCertificates: parts.clientCertificates,
    idleTimeoutMs: timeoutIdleMs,
    readTimeoutMs: timeoutReadMs,
    handlers: createHandlers(parts, app),
  })
  opened.defer(() => port.destroy())
  const metricsServer =
    config.metricsAddress && (await serveMetrics(metrics, config.metricsAddress))
  opened.defer(() => metricsServer?.close(0))
  const controlLogger = log.service('control')
  const { liveTunnels } = parts
  const operations = createOperations({
    clock,
    logger: controlLogger,
    audit,
    identity,
    tokenKeys,
    liveTunnels,
  })
  const control = await startControl(state.controlSocketPath, {
    operations,
    logger: controlLogger,
  })
  opened.defer(() => control.close(0))
  const running = opened.move()

  return {
    address: port.address,
    metricsAddress: metricsServer?.address,
    logger,
    audit,
    metrics,
    routes: () => parts.routes().routes,
    async reload(next) {
      port.replaceCertificates(next.certificates, next.downstreamMtls?.ca)
      admission.replace(next.proxyProtocol)
      peers.replace(next.peerLimits)
      timeoutWriteMs = next.timeoutWriteMs
      log.setLevel(next.logLevel)
      await parts.reload(next)
      return keysNeedingRestart(config, next)
    },
    close: createShutdown({
      port,
      liveTunnels: parts.liveTunnels,
      logger,
      running,
    }),
  }
}

/** Who people are, as far as pages made elsewhere are told. */
function pagesIdentity(signIn: OpenIdentity['signIn']): Pick<PagesParts, 'origin' | 'sessionOf'> {
  return {
    origin: signIn?.origin,
    sessionOf: async (cookieHeader) => (await signIn?.identity.fromCookie(cookieHeader))?.session,
  }
}

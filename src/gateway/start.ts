import type { AddressInfo } from 'node:net'
import { systemClock, type Clock, type TimerClock } from '../clock.ts'
import { messageOf, SystemError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { within, type Closable } from '../shutdown.ts'
import { standardOutput } from '../standard-output.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'
import type { HumanLines } from '../telemetry/human-line.ts'
import { createLog, type LineSink, type Log } from '../telemetry/log.ts'
import { noTracing, type Tracing } from '../telemetry/tracing/tracing.ts'
import { readNewestDecisions } from '../telemetry/audit/read-newest.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import { withSamples } from '../telemetry/samples/counted-metrics.ts'
import { keepSamples } from '../telemetry/samples/keep-samples.ts'
import { createSampleCounts } from '../telemetry/samples/sample-counts.ts'
import { serveMetrics } from '../telemetry/metrics-server.ts'
import { assemble } from './assemble.ts'
import { openCatalog } from '../catalog/catalog.ts'
import type { GatewayConfig } from '../config/config.ts'
import { createAuthority } from '../control/authority.ts'
import { createOperations, type Operations } from '../control/operations.ts'
import { startControl } from '../control/server.ts'
import { createLinkReport } from '../links/link-report.ts'
import { createLinks } from '../links/register.ts'
import { createConnectorProtocols } from './connector-protocols.ts'
import { createHandlers } from './handlers.ts'
import type { PageRoute } from '../pages/app.ts'
import { createGatewayPages } from './gateway-pages.ts'
import { openGatewayPort } from './gateway-port.ts'
import { openGatewayState } from './gateway-state.ts'
import type { CreatePages } from './parts.ts'
import type { HttpRedirect } from '../port/http-redirect.ts'
import { openAccessRequests } from '../requests/access-requests.ts'
import { openBlockedPeople } from '../identity/blocked-people.ts'
import { plainAddress } from '../policy/matchers/plain-address.ts'
import { createDenials } from '../pages/refused/denials.ts'
import { openIdentity } from './open-identity.ts'
import { openCertificates } from './open-certificates.ts'
import { openStaples } from './open-staples.ts'
import { openPublishing } from './open-publishing.ts'
import { createScim } from './open-scim.ts'
import { keepOutDeactivated } from '../scim/keep-out.ts'
import { openProvisioned } from '../scim/provisioned.ts'
import { readPasskeyFiles } from './passkey-files.ts'
import { createDownloads } from '../downloads/downloads.ts'
import { createSshCa } from '../ssh-ca/ssh-ca.ts'
import { keysNeedingRestart } from './restart-keys.ts'
import { createShutdown } from './stop.ts'

export interface GatewayOptions {
  /** Where log lines go; default: standard output. */
  readonly logSink?: LineSink
  /** Its lines are for a person at a terminal; default: JSON. */
  readonly humanLog?: HumanLines | undefined
  readonly clock?: TimerClock
  /** Makes the pages at the gateway's own address; plain ones without it. */
  readonly pages?: CreatePages
  /** Reads again the files that the configuration is from; without it there are none. */
  readonly reload?: Operations['reload']
  /** Why what these say now does not hold, a line for each problem. **Default:** it holds */
  readonly reloadProblems?: () => readonly string[]
}

/** Longest wait for what was asked of the database and the provider when the gateway ends, in milliseconds. */
const identityWaitMs = 5_000

/** Longest wait for the database when the gateway ends, in milliseconds: figures of the last minute are kept. */
const samplesWaitMs = 1_000

/** Longest wait for the database when the gateway ends, in milliseconds: why people were refused is kept. */
const denialsWaitMs = 1_000

/** Longest wait for a certificate that is being fetched when the gateway ends, in milliseconds: it is fetched later. */
const certificatesWaitMs = 2_000

/** A running gateway. */
export interface Gateway extends Closable {
  /** Where it listens, with the port the system chose. */
  readonly address: AddressInfo
  readonly metricsAddress: AddressInfo | undefined
  readonly httpRedirectAddress: AddressInfo | undefined
  readonly logger: Logger
  readonly audit: AuditLog
  readonly metrics: Metrics
  readonly operations: Operations
  /** What it serves beside tunnels. */
  readonly pageRoutes: readonly PageRoute[]
  /** Resolves once it can serve nobody any more, to why: it is to be closed then, and started anew. */
  readonly failed: Promise<Error>
  /**
   * Takes over what a new configuration says of routes, policies, certificates, logs and redirects, as
   * one step, and decides the live tunnels again that this touches. Answers the keys that differ and need a restart.
   * Where it throws the old configuration holds, all of it.
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
  const log = createLog({ level: config.logLevel, sink: logSink, clock, human: options.humanLog })
  const counts = createSampleCounts()
  const metrics = withSamples(createMetrics(), counts)
  metrics.countDroppedLines(() => logSink.droppedLines ?? 0)
  const state = await openGatewayState(config, { opened, log, clock, metrics })
  const { audit, auditProof, auditSearch, store, signingKeys, secrets } = state
  const tracing = opened.adopt(await openTraces(config, log, clock), (it) => it.close())
  const known = { store, clock, log: log.service('identity'), spelling: plainAddress }
  let { scim } = config
  const provisioned = await openProvisioned({ ...known, isOn: () => scim !== undefined })
  const blockedPeople = keepOutDeactivated(await openBlockedPeople(known), provisioned)
  const { identity, signIn } = opened.adopt(
    openIdentity(config, {
      store,
      secrets,
      clock,
      log,
      audit,
      metrics,
      tracing,
      blockedPeople,
      hasTunnel: (sessionId) => parts.liveTunnels.countOf(sessionId) > 0,
    }),
    (it) => within(identityWaitMs, it.close()),
  )
  const publishing = await openPublishing(config, {
    store,
    signingKeys,
    secrets,
    clock,
    log,
    audit,
    blockedPeople,
    routeTable: () => parts.routeTable(),
    directory: () => parts.directory(),
    links: () => links.list(),
  })
  const { namedTunnels } = publishing
  const linkLogger = log.service('connectors')
  const links = createLinks({
    clock,
    namedTunnels,
    report: createLinkReport({
      clock,
      logger: linkLogger,
      audit,
      metrics: metrics.connectors,
      namedTunnels,
    }),
  })
  const catalog = opened.use(
    await openCatalog({ store, clock, logger: log.service('catalog'), file: config }),
  )
  const accessRequests = await openAccessRequests({ store, clock, log: log.service('control') })
  const denials = opened.adopt(
    createDenials({
      store: store.refusals,
      clock,
      logger: log.service('gateway'),
      origin: signIn?.origin,
    }),
    (it) => within(denialsWaitMs, it.close()),
  )
  const downloads = opened.adopt(
    createDownloads(config.downloads, { clock, logger: log.service('gateway') }),
    (it) => it.close(),
  )
  const parts = assemble(config, {
    clock,
    log,
    audit,
    metrics,
    tracing,
    identity,
    blockedPeople,
    provisioned,
    accessRequests,
    keepDenial: denials.keep,
    catalog,
    links,
  })
  const logger = log.service('gateway')
  const sshCa = createSshCa(publishing.signingKeys, clock)
  const controlLogger = log.service('control')
  const { clientCertificates, liveTunnels, roleOf } = parts
  const operations = createOperations({
    decide: parts.decide,
    routeTable: parts.routeTable,
    directory: parts.directory,
    auditSince: (sinceMs) => readNewestDecisions(state.auditPath, sinceMs),
    authority: createAuthority({
      roleOf,
      sessionVersion: (id) => identity.sessionVersion(id),
      blockedPeople,
    }),
    clock,
    logger: controlLogger,
    audit,
    identity,
    blockedPeople,
    accessRequests,
    publishers: publishing.publishers,
    tokenKeys: store.tokenKeys,
    auditProof,
    auditSearch,
    signingKeys: publishing.signingKeys,
    sshCa,
    liveTunnels,
    links,
    namedTunnels,
    operatorTunnels: publishing.operatorTunnels,
    accountTag: publishing.accountTag,
    gatewayUrl: signIn?.origin.origin,
    samples: store.samples,
    forwarding: state.forwarding,
    startedAtMs: clock.now(),
    reloadProblems: options.reloadProblems ?? (() => []),
    certificates: () => certificates.states(),
    staples: () => staples.states(),
    catalog,
    reload: options.reload ?? nothingToReload,
  })
  const app = createGatewayPages({
    parts,
    sshCa,
    scimApi: createScim({
      store,
      provisioned,
      identity,
      audit,
      clock,
      origin: signIn?.origin,
      settings: () => scim,
    }),
    signIn,
    publishing,
    logger,
    clock,
    feed: store.feed,
    followed: {
      liveTunnels,
      namedTunnels,
      connectors: () =>
        links
          .list()
          .map(({ id, isReady }) => `${id} ${isReady}`)
          .join(),
      routes: parts.routeTable,
    },
    identity,
    operations,
    denials,
    accessRequests,
    downloads,
    passkeyFiles: await readPasskeyFiles(signIn, logger),
    createPages: options.pages,
  })
  metrics.countSessions(() => identity.countSessions())
  opened.adopt(
    keepSamples({
      counts,
      keeper: store.samples,
      clock,
      logger,
      countNow: async () => ({
        sessions: await identity.countSessions(),
        connectors: new Set(links.list().map(({ connectorId }) => connectorId)).size,
      }),
    }),
    (it) => within(samplesWaitMs, it.close()),
  )
  const { protocols } = createConnectorProtocols(config, {
    publishing,
    links,
    liveTunnels,
    clock,
    log,
    metrics,
    routeTable: parts.routeTable,
  })
  const certificates = opened.adopt(
    await openCertificates(config, {
      store,
      clock,
      log,
      metrics: metrics.certificates,
      namedTunnels,
    }),
    (it) => within(certificatesWaitMs, it.close()),
  )
  const staples = opened.adopt(
    openStaples({
      store: store.ocspAnswers,
      clock,
      logger: log.service('certificates'),
      metrics: metrics.staples,
      onRevoked: certificates.revoked,
    }),
    (it) => within(certificatesWaitMs, it.close()),
  )
  const httpRedirect = opened.adopt(
    await openHttpRedirect(config, certificates.challenges.keyAuthorization),
    (it) => it?.close(0),
  )
  const {
    port,
    prepare: preparePort,
    reload: reloadPort,
    renewed,
  } = await openGatewayPort(config, {
    clock,
    logger,
    metrics,
    clientCertificates,
    handlers: createHandlers(parts, app),
    protocols,
    fetched: certificates,
    staples,
  })
  opened.defer(() => port.destroy())
  opened.use(publishing.certify(port))
  // Now: an authority looks at this port.
  certificates.onChanged(renewed)
  let followed = config
  const followNames = (): void => certificates.follow(followed, parts.routeTable())
  followNames()
  opened.use(catalog.onHolding(followNames))
  const metricsServer =
    config.metricsAddress && (await serveMetrics(metrics, config.metricsAddress))
  opened.defer(() => metricsServer?.close(0))
  const control = await startControl(state.controlSocketPath, { operations, logger: controlLogger })
  opened.defer(() => control.close(0))
  const running = opened.move()
  void store.failed.then((error) => {
    logger.error('the gateway cannot go on', { error: messageOf(error) })
  })

  return {
    address: port.address,
    metricsAddress: metricsServer?.address,
    httpRedirectAddress: httpRedirect?.address,
    logger,
    audit,
    metrics,
    operations,
    pageRoutes: app.routes,
    failed: store.failed,
    async reload(next) {
      await preparePort(next)
      await parts.prepareReload(next)
      // One step, and first what OpenSSL may refuse: the old configuration stays whole then.
      reloadPort(next)
      ;({ scim } = next)
      const tunnels = parts.reload(next)
      log.setLevel(next.logLevel)
      state.forwarding.reload(next.auditForward ?? [])
      publishing.reload(next)
      downloads.follow(next.downloads)
      followed = next
      followNames()
      await tunnels
      return keysNeedingRestart(config, next)
    },
    close: createShutdown({ port, liveTunnels, words: parts.words, logger, running }),
  }
}

/** The SDK is loaded only where there is a collector. */
async function openTraces({ tracing }: GatewayConfig, log: Log, clock: Clock): Promise<Tracing> {
  if (tracing === undefined) return noTracing
  const { openTracing } = await import('../telemetry/tracing/open-tracing.ts')
  return openTracing(tracing, { logger: log.service('traces'), clock })
}

async function openHttpRedirect(
  { httpRedirectAddress: address, authenticateServiceUrl: own }: GatewayConfig,
  keyAuthorization: (token: string) => string | undefined,
): Promise<HttpRedirect | undefined> {
  if (address === undefined) return undefined
  const { serveHttpRedirect } = await import('../port/http-redirect.ts')
  const httpsPort = (host: string): number =>
    host === own?.hostname ? Number(own.port || 443) : 443
  return serveHttpRedirect({ address, httpsPort, keyAuthorization })
}

function nothingToReload(): Promise<never> {
  const message = 'this gateway was not started from a configuration file'
  return Promise.reject(new SystemError('nothing-to-reload', message))
}

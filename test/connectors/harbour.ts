import { nobodyBlocked } from '../../src/identity/blocked-people.fixture.ts'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import * as tls from 'node:tls'
import { calculateJwkThumbprint } from 'jose'
import { systemClock, type Clock } from '../../src/clock.ts'
import { collectLog, rulesOf, type CollectedLog } from '../../src/connector/connector.fixture.ts'
import { prove, register, registrationOf } from '../../src/connector/connections/register.ts'
import { createConnectorMetrics } from '../../src/connector/connector-metrics.ts'
import {
  startConnector,
  type Connector,
  type ConnectorOptions,
} from '../../src/connector/start-connector.ts'
import { createConnectorProtocols } from '../../src/gateway/connector-protocols.ts'
import { collectLines, testConfig, type TestGateway } from '../../src/gateway/gateway.fixture.ts'
import { openPublishing, type OpenPublishing } from '../../src/gateway/open-publishing.ts'
import { startStockConnector } from '../../src/links/cloudflared/stock-connector.fixture.ts'
import { createLinkReport } from '../../src/links/link-report.ts'
import type { Links } from '../../src/links/links.ts'
import { createSigningKeys } from '../../src/identity/signing-keys.ts'
import { createLinks } from '../../src/links/register.ts'
import { createCertificateAuthority } from '../../src/net/certificate.ts'
import { createTestPeers } from '../../src/port/peers/peers.fixture.ts'
import { openPort } from '../../src/port/port.ts'
import { createTlsContexts } from '../../src/port/tls-contexts.ts'
import { createDialer } from '../../src/reach/dialer.ts'
import { parseGatewayUrl } from '../../src/reach/destination.ts'
import { createRouteTable } from '../../src/routes/table.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { createAuditLog, type AuditLog } from '../../src/telemetry/audit-log.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { openConnectorEnd } from '../../src/tunnel/connector/connector-end.ts'
import { connectorProtocol } from '../../src/tunnel/connector/protocol.ts'
import type { TunnelCredential } from '../../src/tunnel/tunnel-credential.ts'

const authority = await createCertificateAuthority()
const certificate = await authority.issue(['localhost', '*.site.com'])

/** Where connectors come to: everything of a gateway that is about them, and named tunnels to come for. */
export interface Harbour extends AsyncDisposable {
  readonly port: number
  readonly store: Store
  readonly links: Links
  readonly audit: AuditLog
  readonly publishing: OpenPublishing
  /** Whose tunnels go through its connectors, once there is a gateway of a test. */
  gateway: Pick<TestGateway, 'parts'> | undefined
  readonly log: ReturnType<typeof createLog>
  readonly lines: ReturnType<typeof collectLines>['lines']
  readonly line: ReturnType<typeof collectLines>['line']
  /** A new named tunnel; answers its id. */
  createTunnel(): Promise<string>
  /** What its token says now. */
  credentialOf(tunnelId: string): Promise<TunnelCredential>
  /** A connector of ours, which has registered at least once; `rules` in YAML. */
  join(
    credential: TunnelCredential,
    rules: string,
    options?: Partial<ConnectorOptions>,
  ): Promise<JoinedConnector>
  /** One connection of a connector that registers, and does nothing of what it is told then; answers its id. */
  joinDeaf(credential: TunnelCredential): Promise<string>
  /** One connection of a connector shaped as the stock one. */
  joinStock(
    tunnelId: string,
    options: Pick<Parameters<typeof startStockConnector>[1], 'origin' | 'onStream'>,
  ): Promise<void>
}

export interface JoinedConnector extends Pick<Connector, 'connectorId' | 'ready' | 'failed'> {
  readonly connector: Connector
  readonly log: CollectedLog
}

export async function openHarbour(
  options: { readonly clock?: Clock; readonly store?: Store } = {},
): Promise<Harbour> {
  const { clock = systemClock, store = await openSqliteStore(':memory:') } = options
  const opened = new AsyncDisposableStack()
  if (options.store === undefined) opened.defer(() => store.close())
  const { sink, lines, line } = collectLines()
  const log = createLog({ sink, level: 'debug', clock })
  const audit = createAuditLog({ logger: log.service('audit'), clock })
  const site = { name: 'site.com', publish: {} as never, covers: () => true, dns: undefined }
  const config = { ...testConfig([]), sites: [site] }
  const metrics = createMetrics()
  const publishing = await openPublishing(config, {
    store,
    signingKeys: createSigningKeys(store, clock),
    secrets: {
      sharedSecret: Buffer.alloc(32, 1),
      cookieSecret: Buffer.alloc(32, 2),
      formerSharedSecrets: [],
      formerCookieSecrets: [],
    },
    clock,
    log,
    audit,
    blockedPeople: nobodyBlocked,
    routeTable: () => noRoutes,
    directory: () => undefined,
    links: () => links.list(),
  })
  const { namedTunnels } = publishing
  const logger = log.service('connectors')
  const report = { clock, logger, audit, metrics: metrics.connectors, namedTunnels }
  const links = createLinks({ namedTunnels, report: createLinkReport(report) })
  const { protocols } = createConnectorProtocols(config, {
    publishing,
    links,
    liveTunnels: {
      cut: (fits, ended) => harbour.gateway?.parts.liveTunnels.cut(fits, ended) ?? [],
    },
    clock,
    log,
    metrics,
    routeTable: () => noRoutes,
  })
  const listener = await openPort({
    address: { host: '127.0.0.1', port: 0 },
    peers: createTestPeers({ clock }),
    contexts: createTlsContexts([certificate], undefined),
    handlers: {} as never,
    idleTimeoutMs: 0,
    readTimeoutMs: 0,
    protocols,
  })
  opened.defer(async () => {
    listener.stopAccepting()
    listener.destroy()
    await listener.emptied()
  })
  opened.use(publishing.certify(listener))
  const { port } = listener.address
  const gateway = `https://localhost:${port}`

  const harbour: Harbour = {
    gateway: undefined,
    port,
    store,
    links,
    audit,
    publishing,
    log,
    lines,
    line,
    async createTunnel() {
      const name = `t-${randomUUID().slice(0, 8)}`
      return (
        await namedTunnels.create({ name, site: site.name, createdBy: 'alice', userId: 'u-alice' })
      ).id
    },
    async credentialOf(tunnelId) {
      const { publicJwk } = await publishing.signingKeys.current('connector-grant')
      return {
        accountTag: 'test',
        tunnelId,
        secret: Buffer.from(namedTunnels.secretOf(tunnelId)),
        gateway,
        grantKeys: [{ kty: 'OKP', crv: 'Ed25519', x: publicJwk.x ?? '' }],
        ca: authority.cert,
      }
    },
    async join(credential, rules, more = {}) {
      const collected = collectLog()
      const connector = await startConnector({
        credential,
        dialer: createDialer({
          gateway: parseGatewayUrl(gateway),
          trust: { isVerified: true, extraCa: [authority.cert], clientCertificate: undefined },
        }),
        offer: { rules: rulesOf(rules), hostnames: [] },
        metrics: createConnectorMetrics(),
        log: collected,
        clock,
        ...more,
      })
      opened.defer(() => connector.close(0))
      await Promise.race([connector.registered, connector.failed])
      const { connectorId, failed } = connector
      return {
        connector,
        connectorId,
        failed,
        log: collected,
        get ready() {
          return connector.ready
        },
      }
    },
    async joinDeaf({ tunnelId, secret, grantKeys }) {
      const socket = tls.connect({
        port,
        host: '127.0.0.1',
        servername: 'localhost',
        ca: authority.cert,
        ALPNProtocols: [connectorProtocol],
      })
      opened.defer(() => void socket.destroy())
      await once(
        socket.on('error', () => undefined),
        'secureConnect',
      )
      const end = await openConnectorEnd(socket, { clock, onStream: (it) => it.refuse('busy', '') })
      const connectorId = randomUUID()
      const applicant = { tunnelId, connectorId, connIndex: 0 }
      const messages = await prove(end, { secret, applicant }, clock)
      const thumbprints = await Promise.all(grantKeys.map((key) => calculateJwkThumbprint(key)))
      const registration = registrationOf({ thumbprints }, { services: [], hostnames: [] })
      await register(end, messages, registration, clock)
      while (!links.list().some((link) => link.connectorId === connectorId)) await turn()
      return connectorId
    },
    async joinStock(tunnelId, more) {
      const t = { after: (end: () => void) => opened.defer(end) }
      const { answer } = await startStockConnector(t, {
        port,
        tunnelId,
        secret: Buffer.from(namedTunnels.secretOf(tunnelId)),
        ...more,
      })
      const answered = await answer
      if (answered === 'closed' || !('id' in answered)) throw new Error(JSON.stringify(answered))
      // It knows then that it is registered, which is when it takes streams.
      while (!links.list().some((link) => link.tunnelId === tunnelId && link.isReady)) await turn()
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
  return harbour
}

/** No name is a route's. */
const noRoutes = createRouteTable([])

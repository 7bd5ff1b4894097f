import { noAuditSearch, noOperatorTunnels } from '../control/operations.fixture.ts'
import { noAccessRequests } from '../requests/access-requests.fixture.ts'
import { nobodyBlocked } from '../identity/blocked-people.fixture.ts'
import type { Links } from '../links/links.ts'
import { createLinks } from '../links/register.ts'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import * as tls from 'node:tls'
import { systemClock } from '../clock.ts'
import type { ServiceAccounts } from '../identity/service-accounts.ts'
import type { Session } from '../identity/session.ts'
import { createCertificateAuthority } from '../net/certificate.ts'
import type { TokenKeyStore } from '../store/store.ts'
import { createAuditLog } from '../telemetry/audit-log.ts'
import { createLog, type LineSink } from '../telemetry/log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { createApp } from '../pages/app.ts'
import { createApplicationPages } from '../pages/application-pages.ts'
import { assemble, type Assembly } from './assemble.ts'
import type { GatewayConfig } from '../config/config.ts'
import { createAuthority } from '../control/authority.ts'
import { createOperations, type Operations } from '../control/operations.ts'
import { createHandlers } from './handlers.ts'
import type { GatewayIdentity } from './open-identity.ts'
import { createTestPeers } from '../port/peers/peers.fixture.ts'
import { openPort, type Port } from '../port/port.ts'
import { createProxyAdmission, createRefusedConnections } from '../port/proxy-admission.ts'
import { catalogOfFile } from '../catalog/catalog.fixture.ts'
import type { Route } from '../routes/route.ts'
import { createTlsContexts } from '../port/tls-contexts.ts'

export { testCaller, testRoute, testSession } from '../access/access.fixture.ts'

const authority = await createCertificateAuthority()
/** For `localhost` alone. */
export const testCertificate = await authority.issue(['localhost'])
/** What a test's client trusts. */
export const testCa = authority.cert

/** A running port with everything behind it, and sessions that a test makes up. */
export interface TestGateway extends AsyncDisposable {
  readonly port: number
  readonly parts: Assembly
  readonly operations: Operations
  readonly listener: Port
  /** Sessions by id; `Authorization: Pomerium ID` names one. */
  readonly sessions: Map<string, Session>
  /** Log lines so far, parsed. */
  readonly lines: Record<string, unknown>[]
  /** Resolves to the first line, past or to come, that fits. */
  line(fits: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>
  reload(routes: readonly Route[], changes?: Partial<GatewayConfig>): Promise<void>
}

type Line = Record<string, unknown>

/** What a log has written, parsed, and a wait for the line that a test is about. */
export function collectLines(): {
  readonly sink: LineSink
  readonly lines: Line[]
  /** Resolves to the first line, past or to come, that fits. */
  line(fits: (line: Line) => boolean): Promise<Line>
} {
  const lines: Line[] = []
  const waiting = new Set<() => void>()
  return {
    sink: {
      write(text) {
        lines.push(JSON.parse(text) as Line)
        for (const wake of waiting) wake()
      },
    },
    lines,
    line: (fits) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = lines.find(fits)
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
  }
}

/** Of a gateway without connectors. */
const noLinks = createLinks({
  namedTunnels: { find: () => undefined, byHostname: () => undefined },
})

/** Starts one on a port the system chooses. */
export async function startTestGateway(
  routes: readonly Route[],
  overrides: Partial<GatewayConfig> = {},
  links: Pick<Links, 'toward' | 'doubt' | 'avoid'> = noLinks,
): Promise<TestGateway> {
  const sessions = new Map<string, Session>()
  const { sink, lines, line } = collectLines()
  const log = createLog({ sink, level: 'debug' })
  const config = { ...testConfig(routes), ...overrides }
  const audit = createAuditLog({ logger: log.service('audit') })
  const identity = fakeIdentity(sessions)
  const catalog = catalogOfFile(config)
  const parts = assemble(config, {
    clock: systemClock,
    log,
    audit,
    metrics: createMetrics(),
    identity,
    blockedPeople: nobodyBlocked,
    catalog,
    accessRequests: noAccessRequests,
    links,
  })
  const app = createApp({
    logger: log.service('gateway'),
    signIn: undefined,
    applications: createApplicationPages(parts),
  })
  const listener = await openPort({
    address: { host: '127.0.0.1', port: 0 },
    peers: createTestPeers({ limits: config.peerLimits }),
    contexts: createTlsContexts(config.certificates, config.downstreamMtls?.ca),
    clientCertificates: parts.clientCertificates,
    admission: createProxyAdmission(
      config.proxyProtocol,
      createRefusedConnections(log.service('gateway'), systemClock),
    ),
    idleTimeoutMs: config.timeoutIdleMs,
    readTimeoutMs: config.timeoutReadMs,
    handlers: createHandlers(parts, app),
  })
  return {
    port: listener.address.port,
    parts,
    operations: createOperations({
      decide: parts.decide,
      auditSearch: noAuditSearch,
      auditProof: {
        sign: () => Promise.resolve(undefined),
        verifierKeys: () => Promise.resolve([]),
      },
      routeTable: parts.routeTable,
      directory: parts.directory,
      auditSince: undefined,
      authority: createAuthority({ roleOf: parts.roleOf, sessionVersion: identity.sessionVersion }),
      clock: systemClock,
      logger: log.service('control'),
      audit,
      identity,
      blockedPeople: nobodyBlocked,
      accessRequests: noAccessRequests,
      publishers: { list: () => [], revoke: () => Promise.reject(new Error('unused')) },
      tokenKeys: noTokenKeys,
      signingKeys: { all: unused, rotate: unused, forgetRetired: unused },
      sshCa: { trustedKeys: () => Promise.resolve([]) },
      reload: () => Promise.reject(new Error('no files here')),
      liveTunnels: parts.liveTunnels,
      links: { list: () => [], end: () => [], drain: () => [] },
      namedTunnels: { find: () => undefined },
      operatorTunnels: noOperatorTunnels,
      accountTag: '0'.repeat(32),
      gatewayUrl: undefined,
      samples: { points: () => Promise.resolve([]), busiest: () => Promise.resolve([]) },
      forwarding: { states: () => Promise.resolve([]) },
      startedAtMs: systemClock.now(),
      reloadProblems: () => [],
      certificates: () => [],
      staples: () => [],
      catalog,
    }),
    listener,
    sessions,
    lines,
    line,
    reload(next, changes = {}) {
      const changed = { ...config, ...changes, routes: next }
      listener.replaceCertificates(changed.certificates, changed.downstreamMtls?.ca)
      return parts.reload(changed)
    },
    async [Symbol.asyncDispose]() {
      listener.stopAccepting()
      listener.destroy()
      await parts.liveTunnels.drained()
    },
  }
}

/** A service on loopback; every connection goes to `serve`. */
export async function startService(
  serve: (socket: Socket) => void,
): Promise<Server & AsyncDisposable & { port: number }> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    serve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const dispose = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  return Object.assign(server, { port, [Symbol.asyncDispose]: dispose })
}

/** Sends back what it gets, and ends when its peer has. */
export function echo(socket: Socket): void {
  socket.pipe(socket)
}

/** A TLS connection to the gateway; what was read so far is in `received`. */
export async function connectTls(
  port: number,
  alpn: readonly string[] = ['http/1.1'],
  more: tls.ConnectionOptions = {},
): Promise<tls.TLSSocket> {
  const socket = tls.connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: testCa,
    ALPNProtocols: [...alpn],
    allowHalfOpen: true,
    ...more,
  } as tls.ConnectionOptions)
  await once(socket, 'secureConnect')
  return socket
}

/**
 * Sends bytes over one HTTP/1.1 connection and answers everything that came back until the gateway
 * ended it; `thenEnd` ends our side too, after the bytes.
 */
export async function exchangeHttp1(port: number, text: string, thenEnd = false): Promise<string> {
  const socket = await connectTls(port)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const closed = Promise.race([once(socket, 'end'), once(socket, 'close')])
  socket.write(text)
  if (thenEnd) socket.end()
  await closed
  socket.destroy()
  return Buffer.concat(chunks).toString()
}

/** The head of a CONNECT over HTTP/1.1. */
export function connectHead(authority: string, ...fields: string[]): string {
  return [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`, ...fields, '', ''].join('\r\n')
}

function fakeIdentity(sessions: Map<string, Session>): GatewayIdentity {
  let listener: Parameters<GatewayIdentity['onSession']>[0] = () => undefined
  const found: GatewayIdentity['session'] = (id) => {
    const session = sessions.get(id)
    return Promise.resolve(session && { session, version: 1 })
  }
  const version = (id: string): number | undefined => (sessions.has(id) ? 1 : undefined)
  return {
    identify(headers) {
      const id = /^Pomerium (.*)$/.exec(headers.authorization ?? '')?.[1] ?? ''
      return found(id)
    },
    credentialFault: () => Promise.resolve("it is nobody's"),
    login: undefined,
    localAccounts: undefined,
    session: found,
    sessionVersion: version,
    askProvider: () => Promise.resolve(false),
    onSession: (next) => void (listener = next),
    async *listSessions() {
      yield* sessions.values()
    },
    sessionPage: () => Promise.resolve([]),
    sessionsOf: () => Promise.resolve([]),
    countSessions: () => Promise.resolve(sessions.size),
    revokeSession(id) {
      const isThere = sessions.delete(id)
      listener(id, 'session-revoked')
      return Promise.resolve(isThere)
    },
    serviceAccounts: noServiceAccounts,
    signInLocation: () => 'https://auth.example.com/.pomerium/sign_in',
  }
}

const unused = (): Promise<never> => Promise.reject(new Error('none of these here'))
const noTokenKeys: TokenKeyStore = { list: () => Promise.resolve([]), begin: unused, move: unused }
const noServiceAccounts: ServiceAccounts = {
  create: unused,
  rotate: unused,
  revoke: unused,
  list: () => Promise.resolve([]),
  authenticate: () => Promise.resolve(undefined),
  session: () => Promise.resolve(undefined),
  version: () => undefined,
  isReserved: () => Promise.resolve(false),
  onEnded: () => undefined,
  onChanged: () => undefined,
}

export function testConfig(routes: readonly Route[]): GatewayConfig {
  return {
    address: { host: '127.0.0.1', port: 0 },
    certificates: [testCertificate],
    authenticateServiceUrl: undefined,
    identityProviders: [],
    sharedSecrets: [],
    tokenEncryptionKeys: [],
    cookieSecrets: [],
    cookieName: 'postern',
    cookieExpireMs: 3_600_000,
    sessionRefreshIntervalMs: 600_000,
    timeoutIdleMs: 300_000,
    timeoutReadMs: 30_000,
    timeoutWriteMs: 0,
    maxTunnelsPerUser: 0,
    maxSessionsPerUser: 100,
    logLevel: 'info',
    accessLogFields: undefined,
    authorizeLogFields: undefined,
    metricsAddress: undefined,
    programmaticRedirectDomains: ['localhost'],
    deviceLogin: true,
    proxyProtocol: { use: false, from: undefined },
    peerLimits: { maxConnectionsPerAddress: 1_000, maxConnections: 4_000 },
    stateDirectory: '',
    directory: undefined,
    routes,
    fileRoutes: [],
    filePolicies: [],
    clientCertificates: 'none',
    sites: [],
  }
}

import { createAuthority } from '../../../src/control/authority.ts'
import { localActor } from '../../../src/control/change.ts'
import { blockOperations, type BlockOperations } from '../../../src/control/blocks.ts'
import { tunnelOperations, type TunnelOperations } from '../../../src/control/tunnels.ts'
import { openCatalog, type Catalog } from '../../../src/catalog/catalog.ts'
import type { GatewayConfig } from '../../../src/config/config.ts'
import { createFakeClock, type FakeClock } from '../../../src/fake-clock.ts'
import { assemble, type Assembly } from '../../../src/gateway/assemble.ts'
import { createConnectorProtocols } from '../../../src/gateway/connector-protocols.ts'
import { serveConnect } from '../../../src/gateway/connect.ts'
import { testConfig } from '../../../src/gateway/gateway.fixture.ts'
import { openIdentity } from '../../../src/gateway/open-identity.ts'
import { openPublishing, type OpenPublishing } from '../../../src/gateway/open-publishing.ts'
import { createScim } from '../../../src/gateway/open-scim.ts'
import { openBlockedPeople } from '../../../src/identity/blocked-people.ts'
import type { Identity } from '../../../src/identity/identity.ts'
import { createSigningKeys } from '../../../src/identity/signing-keys.ts'
import { createLinks } from '../../../src/links/register.ts'
import type { Links } from '../../../src/links/links.ts'
import type { PresentedCertificate } from '../../../src/net/presented-certificate.ts'
import { plainAddress } from '../../../src/policy/matchers/plain-address.ts'
import { openAccessRequests, type AccessRequests } from '../../../src/requests/access-requests.ts'
import type { RequestHeaders } from '../../../src/request-headers.ts'
import { keepOutDeactivated } from '../../../src/scim/keep-out.ts'
import { openProvisioned } from '../../../src/scim/provisioned.ts'
import type { Store } from '../../../src/store/store.ts'
import { createAuditLog } from '../../../src/telemetry/audit-log.ts'
import type { Ended } from '../../../src/telemetry/ended.ts'
import { createLog } from '../../../src/telemetry/log.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { noTracing } from '../../../src/telemetry/tracing/tracing.ts'
import { createOpenUpstream } from '../../../src/upstream/open-upstream.ts'
import { makeStream, type FarEnd } from './far-end.ts'
import { maxSessions, refreshMs, sessionLifeMs, startMs } from './limits.ts'
import { createFakeProvider, type FakeProvider } from './provider.ts'
import { companyAccount, openScim, type AskScim } from './scim.ts'
import { createServices, type Services } from './services.ts'

/** The gateway's own parts around one that stands still, with nothing on the network. */
export interface World extends AsyncDisposable {
  readonly clock: FakeClock
  readonly parts: Assembly
  readonly config: GatewayConfig
  readonly identity: Identity
  readonly catalog: Catalog
  readonly accessRequests: AccessRequests
  readonly publishing: OpenPublishing
  readonly links: Links
  readonly blocks: BlockOperations
  readonly operatorOfTunnels: TunnelOperations
  readonly provider: FakeProvider
  readonly services: Services
  /** Lines of the log at `error`: none of them is expected, but that the provider fails where it does. */
  readonly errors: readonly string[]
  ask(request: WantedTunnel): Attempt
  /** Takes over another configuration, as `startGateway` does. */
  reload(config: GatewayConfig): Promise<void>
  scim: AskScim
}

/** A CONNECT of a model's client. */
export interface WantedTunnel {
  readonly authority: string
  readonly headers: RequestHeaders
  readonly ip: string
  readonly certificate: PresentedCertificate | undefined
}

/** A tunnel from the CONNECT to its end. */
export interface Attempt {
  readonly id: string
  /** Resolves when it is open or refused. */
  readonly answered: Promise<void>
  /** Resolves when it is refused or has ended. */
  readonly over: Promise<void>
  /** The code of a refusal; undefined while it waits, and when it was opened. */
  readonly refused: string | undefined
  /** Undefined while it waits, and when it was refused. */
  readonly ends: { readonly client: FarEnd; readonly service: FarEnd } | undefined
  /** Why it has ended, as the access log says it. */
  readonly ended: Ended | undefined
}

export const site = 'example.com'
const secret = (byte: number): Buffer => Buffer.alloc(32, byte)

export interface WorldOptions {
  readonly store: Store
  readonly changes?: Partial<GatewayConfig>
  /** Who sent these headers, in the place of reading their token. */
  readonly identify?: (parts: Assembly) => Assembly['identify']
}

/** Puts the parts together as `startGateway` does, but for the port and what is around it. */
export async function openWorld({ store, changes = {}, identify }: WorldOptions): Promise<World> {
  const clock = createFakeClock(startMs)
  const provider = createFakeProvider(clock)
  const services = createServices()
  const endings = new Map<string, Ended>()
  const errors: string[] = []
  // What it leaves out of the log is counted there later.
  const isExpected = (line: string): boolean =>
    line.includes('"message":"more failures of the identity provider"') ||
    (provider.isDown && line.includes('"message":"the identity provider failed"'))
  const log = createLog({
    level: 'info',
    clock,
    sink: { write: (line) => noteLine(line, endings, isExpected(line) ? [] : errors) },
  })
  const audit = createAuditLog({ logger: log.service('audit') })
  const metrics = createMetrics()
  const config: GatewayConfig = {
    ...testConfig([]),
    authenticateServiceUrl: new URL('https://auth.example.com'),
    identityProviders: [{ scopesIfKnown: [], ...provider.options }],
    sharedSecrets: [secret(1)],
    cookieSecrets: [secret(2)],
    cookieExpireMs: sessionLifeMs,
    maxSessionsPerUser: maxSessions,
    sessionRefreshIntervalMs: refreshMs,
    accessLogFields: ['request-id', 'ended'],
    clientCertificates: 'policy',
    scim: { serviceAccount: companyAccount },
    sites: [{ name: site, publish: everybody, covers: () => true, dns: undefined }],
    ...changes,
  }
  const secrets = {
    sharedSecret: secret(1),
    cookieSecret: secret(2),
    formerSharedSecrets: [],
    formerCookieSecrets: [],
  }
  const known = { store, clock, log: log.service('identity'), spelling: plainAddress }
  let { scim } = config
  const provisioned = await openProvisioned({ ...known, isOn: () => scim !== undefined })
  const blockedPeople = keepOutDeactivated(await openBlockedPeople(known), provisioned)
  const opened = openIdentity(config, {
    store,
    secrets,
    clock,
    log,
    audit,
    metrics,
    tracing: noTracing,
    blockedPeople,
    hasTunnel: (sessionId) => parts.liveTunnels.countOf(sessionId) > 0,
  })
  const { identity, signIn } = opened
  if (signIn === undefined) throw new Error('nobody can sign in')
  const publishing = await openPublishing(config, {
    store,
    signingKeys: createSigningKeys(store, clock),
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
  const links = createLinks({ clock, namedTunnels })
  const catalog = await openCatalog({ store, clock, logger: log.service('catalog'), file: config })
  const accessRequests = await openAccessRequests({ store, clock, log: log.service('control') })
  const parts: Assembly = assemble(config, {
    clock,
    log,
    audit,
    metrics,
    identity,
    blockedPeople,
    provisioned,
    accessRequests,
    catalog,
    links,
  })
  const { liveTunnels, routeTable, roleOf } = parts
  createConnectorProtocols(config, {
    publishing,
    links,
    liveTunnels,
    clock,
    log,
    metrics,
    routeTable,
  })
  // As the registrar of either dialect does, behind the cut.
  namedTunnels.onEnded((tunnelId, why) => links.end((link) => link.tunnelId === tunnelId, why))
  const openUpstream = createOpenUpstream({
    metrics,
    links,
    clock,
    dial: services.dial,
    random: () => 0,
  })
  const gateway: Assembly = {
    ...parts,
    openUpstream,
    ...(identify && { identify: identify(parts) }),
  }
  const logger = log.service('control')
  const authority = createAuthority({ roleOf, sessionVersion: (id) => identity.sessionVersion(id) })
  const scimApi = createScim({
    store,
    provisioned,
    identity,
    audit,
    clock,
    origin: config.authenticateServiceUrl,
    settings: () => scim,
  })
  let asked = 0
  return {
    clock,
    parts,
    config,
    identity: signIn.identity,
    catalog,
    accessRequests,
    publishing,
    links,
    blocks: blockOperations({ audit, logger, identity, blockedPeople, liveTunnels }),
    operatorOfTunnels: tunnelOperations({ audit, logger, authority, liveTunnels, namedTunnels }),
    provider,
    services,
    errors,
    async reload(next) {
      await parts.prepareReload(next)
      ;({ scim } = next)
      await parts.reload(next)
    },
    scim: await openScim(signIn.identity, scimApi),
    ask: (wanted) => {
      asked += 1
      return ask(`t${asked}`, wanted, { gateway, services, endings })
    },
    async [Symbol.asyncDispose]() {
      liveTunnels.cutAll('shutdown')
      await liveTunnels.drained()
      await opened.close()
      await catalog[Symbol.asyncDispose]()
    },
  }
}

export const byOperator = localActor

const everybody = {
  readsSubject: false,
  needsProvider: false,
  readsClientCertificate: false,
  evaluate: () => ({
    outcome: 'allow',
    allow: { value: true, reasons: [] },
    deny: { value: false, reasons: [] },
    validUntilMs: undefined,
  }),
  trace: () => {
    throw new Error('nobody asks why')
  },
} satisfies GatewayConfig['sites'][number]['publish']

function noteLine(line: string, endings: Map<string, Ended>, errors: string[]): void {
  if (line.includes('"level":"error"')) errors.push(line)
  if (!line.includes('"ended"')) return
  const { 'request-id': id, ended } = JSON.parse(line) as { 'request-id': string; ended?: Ended }
  if (ended !== undefined) endings.set(id, ended)
}

interface Asked {
  readonly gateway: Assembly
  readonly services: Services
  readonly endings: ReadonlyMap<string, Ended>
}

function ask(id: string, wanted: WantedTunnel, { gateway, services, endings }: Asked): Attempt {
  const { authority, headers, ip, certificate } = wanted
  const gone = new AbortController()
  const answered = Promise.withResolvers<void>()
  let refused: string | undefined
  let ends: Attempt['ends']
  const over = serveConnect(
    {
      requestId: id,
      client: { ip, endpoints: undefined, certificate },
      transport: 'h2',
      authority,
      headers,
      fault: undefined,
      signal: gone.signal,
      accept() {
        const service = services.farEnd({ requestId: id, signal: gone.signal })
        if (service === undefined) throw new Error(`tunnel "${id}" was opened, and leads nowhere`)
        const { near, far: client } = makeStream()
        ends = { client, service }
        answered.resolve()
        return near
      },
      refuse({ body }) {
        refused = body
        answered.resolve()
      },
      abandon() {
        refused = 'abandoned'
        answered.resolve()
      },
    },
    gateway,
  )
  return {
    id,
    answered: answered.promise,
    over,
    get refused() {
      return refused
    },
    get ends() {
      return ends
    },
    get ended() {
      return endings.get(id)
    },
  }
}

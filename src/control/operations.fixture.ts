import type { CertificateStanding, StapleStanding } from './pictures.ts'
import type { AuditSearchParts } from './audit.ts'
import type { Link } from '../links/link.ts'
import type { NamedTunnel } from '../publish/named-tunnels.ts'
import type { OperatorTunnels } from '../publish/operator-tunnels.ts'
import type { Grant } from '../access/grant.ts'
import type { OpenTunnel } from '../access/live-tunnels.ts'
import { catalogOfFile } from '../catalog/catalog.fixture.ts'
import { createFakeClock, type FakeClock } from '../fake-clock.ts'
import { nobodyBlocked } from '../identity/blocked-people.fixture.ts'
import type { ServiceAccount } from '../identity/service-account-record.ts'
import { noAccessRequests } from '../requests/access-requests.fixture.ts'
import type { AccessRequests } from '../requests/access-requests.ts'
import type { RouteTable } from '../routes/table.ts'
import type { LocalAccounts } from '../identity/local-accounts.ts'
import type { ServiceAccounts } from '../identity/service-accounts.ts'
import type { AnySession, ServiceAccountSession, Session } from '../identity/session.ts'
import { silentLogger, type Logger } from '../log.ts'
import type { TokenKeyStore } from '../store/store.ts'
import { createAuditLog } from '../telemetry/audit-log.ts'
import { createDecide } from '../access/decide.ts'
import { subjectOf, type Directory } from '../access/directory.ts'
import { createRouteRegister } from '../routes/register.ts'
import type { NewRoute } from '../routes/route.ts'
import type { RoleOf } from '../access/administrators.ts'
import { createAuthority } from './authority.ts'
import type { CallerActor } from './change.ts'
import { createOperations, type OperationParts, type Operations } from './operations.ts'

export interface TestOperations {
  readonly operations: Operations
  readonly logger: Logger
  /** What happened, in its order: sessions that ended, tunnels that were cut, lines of the log. */
  readonly happened: readonly string[]
  /** The audit entries so far, as they are kept. */
  kept(): Promise<readonly string[]>
  /** Has the disk of the audit log stand still, until what it answers is called. */
  holdDisk(): () => void
}

export interface TestOperationsOptions {
  readonly auditSearch?: AuditSearchParts | undefined
  readonly sessions?: readonly Session[]
  /** Ids that the store fails to end. */
  readonly failing?: readonly string[]
  readonly tokenKeys?: Partial<TokenKeyStore>
  readonly tunnels?: readonly OpenTunnel[]
  readonly links?: readonly Link[]
  readonly signingKeys?: OperationParts['signingKeys']
  readonly namedTunnels?: readonly NamedTunnel[]
  readonly blockedPeople?: OperationParts['blockedPeople']
  readonly routes?: readonly NewRoute[]
  /** **Default:** there is none to be asked */
  readonly auditSince?: OperationParts['auditSince']
  /** Ids of service accounts in use. */
  readonly accounts?: readonly string[]
  readonly directory?: Directory
  readonly clock?: FakeClock
  readonly accessRequests?: AccessRequests
  readonly samples?: OperationParts['samples']
  readonly forwarding?: Awaited<ReturnType<OperationParts['forwarding']['states']>>
  /** **Default:** the configuration holds */
  readonly reloadProblems?: readonly string[]
  readonly certificates?: readonly CertificateStanding[]
  readonly staples?: readonly StapleStanding[]
  /** Instead of `routes`. */
  routeTable?(): RouteTable
  /** **Default:** one where nothing is stored */
  readonly catalog?: OperationParts['catalog']
  /** **Default:** everybody is an admin */
  readonly roleOf?: RoleOf
  /** **Default:** none */
  readonly localAccounts?: LocalAccounts
}

/** The version of every session. */
export const testVersion = 1

/** Somebody who asks, as the API makes them. */
export function testActor(session: AnySession): CallerActor {
  const client = { ip: '192.0.2.1', endpoints: undefined }
  return { kind: 'caller', session, sessionVersion: testVersion, client, requestId: 'r1' }
}

const unused = (): Promise<never> => Promise.reject(new Error('none of these here'))
const noSamples = { points: () => Promise.resolve([]), busiest: () => Promise.resolve([]) }
const noSigningKeys = { all: unused, rotate: unused, forgetRetired: unused }

/** Operations on sessions that a test makes up. */
export function createTestOperations(options: TestOperationsOptions = {}): TestOperations {
  const sessions = new Map((options.sessions ?? []).map((session) => [session.id, session]))
  const tunnels = new Set(options.tunnels)
  const links = new Set(options.links)
  const happened: string[] = []
  const kept: string[] = []
  let disk: Promise<void> | undefined
  const table = createRouteRegister(options.routes ?? []).table()
  const { accessRequests = noAccessRequests } = options
  const clock = options.clock ?? createFakeClock()
  const logger: Logger = {
    ...silentLogger,
    info: (message) => void happened.push(`said ${message}`),
    warn: (message) => void happened.push(`warned ${message}`),
    error: (message) => void happened.push(`failed ${message}`),
  }
  const audit = createAuditLog({
    logger,
    clock,
    keeper: {
      async append(_series, entries) {
        await disk
        kept.push(...entries)
        return 'kept'
      },
    },
  })
  const operations = createOperations({
    decide: createDecide({
      clock,
      clientCertificates: { facts: () => undefined },
      subjectOf: (who) => subjectOf(who, options.directory),
      accessGrant: accessRequests.accessGrant,
    }),
    routeTable: () => options.routeTable?.() ?? table,
    directory: () => options.directory,
    auditSince: options.auditSince,
    authority: createAuthority({
      roleOf: options.roleOf ?? (() => ({ role: 'admin' })),
      sessionVersion: () => testVersion,
    }),
    clock,
    logger,
    audit,
    identity: {
      async *listSessions() {
        yield* sessions.values()
      },
      sessionPage: (maxSessions, { after, text = '' }) => {
        const all = [...sessions.values()].filter(({ email = '' }) => email.includes(text))
        const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after.id) + 1
        return Promise.resolve(all.slice(from, from + maxSessions))
      },
      countSessions: (text = '') =>
        Promise.resolve(
          [...sessions.values()].filter(({ email = '' }) => email.includes(text)).length,
        ),
      sessionsOf: (userId) =>
        Promise.resolve([...sessions.values()].filter((session) => session.userId === userId)),
      revokeSession(id) {
        if (options.failing?.includes(id) === true) return Promise.reject(new Error('disk full'))
        happened.push(`ended ${id}`)
        return Promise.resolve(sessions.delete(id))
      },
      localAccounts: options.localAccounts,
      serviceAccounts: {
        list: () => Promise.resolve((options.accounts ?? []).map(testAccount)),
      } as Partial<ServiceAccounts> as ServiceAccounts,
    },
    blockedPeople: options.blockedPeople ?? nobodyBlocked,
    accessRequests,
    publishers: { list: () => [], revoke: () => Promise.reject(new Error('unused')) },
    tokenKeys: options.tokenKeys as TokenKeyStore,
    signingKeys: options.signingKeys ?? noSigningKeys,
    auditSearch: options.auditSearch ?? noAuditSearch,
    auditProof: {
      sign: () => Promise.resolve(undefined),
      verifierKeys: () => Promise.resolve([]),
    },
    sshCa: { trustedKeys: () => Promise.resolve(['ssh-ed25519 AAAA postern-1']) },
    links: {
      list: () => [...links],
      end(fits, why) {
        const those = [...links].filter(fits)
        for (const link of those) {
          links.delete(link)
          happened.push(`ended ${link.id} ${why}`)
        }
        return those
      },
      drain(fits) {
        const those = [...links].filter(fits)
        for (const link of those) happened.push(`drained ${link.id}`)
        return those
      },
    },
    namedTunnels: {
      find: (nameOrId) =>
        options.namedTunnels?.find(({ id, name }) => [id, name].includes(nameOrId)),
    },
    operatorTunnels: noOperatorTunnels,
    accountTag: '0'.repeat(32),
    gatewayUrl: undefined,
    samples: options.samples ?? noSamples,
    forwarding: { states: () => Promise.resolve(options.forwarding ?? []) },
    startedAtMs: clock.now(),
    reloadProblems: () => options.reloadProblems ?? [],
    certificates: () => options.certificates ?? [],
    staples: () => options.staples ?? [],
    catalog: options.catalog ?? catalogOfFile(),
    reload: () => Promise.reject(new Error('no configuration here')),
    liveTunnels: {
      get size() {
        return tunnels.size
      },
      open: () => [...tunnels],
      countOf: () => 0,
      cut(fits, ended) {
        const those = [...tunnels].filter(fits)
        for (const tunnel of those) {
          tunnels.delete(tunnel)
          happened.push(`cut ${tunnel.grant.request.requestId} ${ended}`)
        }
        return those
      },
      async redecide(filter) {
        // Whoever does not wait for the cut goes on before it.
        await audit.flushed()
        happened.push(`cut ${filter?.sessionId} ${filter?.ended}`)
      },
    },
  })
  return {
    operations,
    logger,
    happened,
    holdDisk() {
      const { promise, resolve } = Promise.withResolvers<void>()
      disk = promise
      return resolve
    },
    async kept() {
      await audit.flushed()
      return kept
    },
  }
}

/** An open tunnel. */
export function testTunnel(
  requestId: string,
  session?: AnySession,
  route: Partial<Grant['route']> = { id: 'r-db', name: 'db' },
): OpenTunnel {
  const grant: Partial<Grant> = {
    request: {
      requestId,
      target: { protocol: 'tcp', host: 'db.example.com', port: 5432 },
      authority: 'DB.example.com:5432',
    },
    route: route as Grant['route'],
    caller: {
      client: { ip: '192.0.2.1', endpoints: undefined },
      session,
      sessionVersion: undefined,
    },
  }
  return {
    grant: grant as Grant,
    destination: { upstream: { host: '10.0.0.5', port: 5432 }, isReachedBy: () => true },
    openedAtMs: 1_000,
    bytes: { up: 3, down: 5 },
  }
}

/** A program that has the credential of a service account. */
export const deploySession: ServiceAccountSession = {
  kind: 'service-account',
  id: 'service-account:deploy:c2VjcmV0',
  userId: 'deploy',
  email: undefined,
  emailVerified: false,
  groups: [],
  claims: {},
  expiresAtMs: undefined,
}

/** Somebody who is signed in. */
export function testSession(id: string, email: string): Session {
  return {
    kind: 'person',
    id,
    userId: `user-of-${id}`,
    email,
    emailVerified: true,
    name: undefined,
    groups: [],
    claims: {},
    provider: 'default',
    issuer: 'https://login.example.com',
    issuedAtMs: 0,
    expiresAtMs: 3_600_000,
    refreshedAtMs: 0,
    refreshDueAtMs: 0,
    device: undefined,
  }
}

function testAccount(id: string): ServiceAccount {
  return {
    id,
    description: '',
    format: 'jwt',
    state: 'active',
    createdAtMs: 0,
    rotatedAtMs: 0,
    expiresAtMs: undefined,
    formerUntilMs: undefined,
    lastUsedDayMs: undefined,
    sessionIds: [],
  }
}

/** The audit log of a gateway that keeps none. */
export const noAuditSearch: AuditSearchParts = {
  search: () => Promise.resolve([]),
  caughtUp: () => Promise.resolve(),
  isComplete: () => true,
  read: () => Promise.resolve([]),
}

/** For a gateway whose named tunnels nobody asks for. */
export const noOperatorTunnels: OperatorTunnels = {
  list: () => [],
  sites: () => [],
  create: () => Promise.reject(new Error('unused')),
  rotate: () => Promise.reject(new Error('unused')),
  delete: () => Promise.reject(new Error('unused')),
}

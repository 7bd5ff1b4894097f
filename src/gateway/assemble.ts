import type { TimerClock } from '../clock.ts'
import { createAccessLog } from '../telemetry/access-log.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'
import { createAuthorizeLog } from '../telemetry/authorize-log.ts'
import type { Log } from '../telemetry/log.ts'
import type { Links } from '../links/links.ts'
import { createStreamAudit } from '../links/stream-audit.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Tracing } from '../telemetry/tracing/tracing.ts'
import { hostOfAuthority } from '../address.ts'
import { applicationHostname, createLoginRedirect } from '../pages/cloudflared/login-redirect.ts'
import { applicationPort } from '../routes/application-port.ts'
import { createAskAgain } from '../access/ask-again.ts'
import { createAuthorize } from '../access/authorize.ts'
import type { Caller } from '../access/caller.ts'
import { createRoleOf, nobodyAdministers, type RoleOf } from '../access/administrators.ts'
import { createDecide, type Decide, type DecideParts } from '../access/decide.ts'
import type { KeepDenial } from '../access/denial.ts'
import type { AccessRequests } from '../requests/access-requests.ts'
import { parseRedirect } from '../identity/redirect.ts'
import type { Session } from '../identity/session.ts'
import type { Provisioned } from '../scim/provisioned.ts'
import { createClientCertificates } from '../port/client-certificates/client-certificates.ts'
import type { GatewayConfig } from '../config/config.ts'
import { joinDirectories, subjectOf, type Directory } from '../access/directory.ts'
import { createCutTunnels } from '../pages/cut-tunnels.ts'
import { createFreshGrants, type FreshGrants } from '../access/fresh-grant.ts'
import { createGroupsClaim } from '../access/groups-claim.ts'
import type { FindAccessGrant } from '../access/access-grant.ts'
import { createLiveTunnels, type LiveTunnels } from '../access/live-tunnels.ts'
import { matchRoute } from '../routes/match-route.ts'
import { isOffline, offeredPort } from '../upstream/connector-presence.ts'
import { createOpenUpstream } from '../upstream/open-upstream.ts'
import type { BlockedPeople } from '../identity/blocked-people.ts'
import type { GatewayIdentity } from './open-identity.ts'
import type { GatewayParts } from './parts.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { Holding } from '../catalog/holding.ts'
import type { Route } from '../routes/route.ts'
import { seeRoutes, type SeenRoutes } from '../routes/seen.ts'
import { changesTo, createRouteRegister } from '../routes/register.ts'
import type { SshCaSettings } from '../ssh-ca/settings.ts'
import type { RouteTable } from '../routes/table.ts'
import { createTurns } from '../turns.ts'

export interface Surroundings {
  readonly clock: TimerClock
  readonly log: Log
  readonly audit: AuditLog
  readonly metrics: Metrics
  /** **Default:** no traces */
  readonly tracing?: Tracing
  readonly identity: GatewayIdentity
  readonly blockedPeople: Pick<BlockedPeople, 'check' | 'isBlocked' | 'onBlocked'>
  /** Users and groups that count while the configuration has `scim`. **Default:** there are none */
  readonly provisioned?: Pick<Provisioned, 'directory' | 'onChanged'>
  /** The routes that hold: of the configuration's file, and stored ones beside them. */
  readonly catalog: GatewayCatalog
  readonly accessRequests: Pick<AccessRequests, 'accessGrant' | 'onChanged' | 'pendingOf'>
  /** **Default:** nothing is kept */
  readonly keepDenial?: KeepDenial
  /** The connections of connectors. */
  readonly links: Pick<Links, 'toward' | 'doubt' | 'avoid'>
}

/** What the routes of a gateway are taken from. */
export type GatewayCatalog = Pick<Catalog, 'holding' | 'prepare' | 'useFile' | 'onHolding'>

/** The parts, and how they take over a new configuration. */
export interface Assembly extends GatewayParts {
  /** Where a sign-in may end, by the whitelist that holds now. */
  parseRedirect(text: string): URL | undefined
  /** Whether machines without a browser may be signed in. */
  deviceLogin(): boolean
  /** What SSH certificates say now; undefined: none are made. */
  sshCaSettings(): SshCaSettings | undefined
  /** Who administers now. */
  readonly roleOf: RoleOf
  /** Decides a grant again where something has moved since. */
  readonly freshGrants: FreshGrants
  /** The routes somebody may use now. */
  routesFor(caller: Caller): readonly Route[]
  /** The routes somebody may use now, and those that are listed for everybody. */
  seenBy(caller: Caller, gateway: string): SeenRoutes
  /** The table that holds now. */
  routeTable(): RouteTable
  /** The groups of the file that hold now; undefined without one. */
  directory(): Directory | undefined
  readonly decide: Decide
  /** Reads ahead what `reload` needs, and changes nothing. */
  prepareReload(config: GatewayConfig): Promise<void>
  /** Takes it over before it returns; resolves when the live tunnels that this touches were decided again. */
  reload(config: GatewayConfig): Promise<void>
}

/**
 * Of thousands that are cut at once: what is said of them would take as long as to cut them, and neither would their
 * clients hear of it before, nor others' bytes go on.
 *
 * @limit none: ends of tunnels that are logged before others get their turn
 */
const wordsPerTurn = 20

/** Makes the parts that serving a tunnel needs, from a checked configuration. */
export function assemble(config: GatewayConfig, surroundings: Surroundings): Assembly {
  const { clock, log, audit, metrics, identity, blockedPeople, links, catalog } = surroundings
  const { accessGrant, pendingOf, onChanged: onAccessChanged } = surroundings.accessRequests
  const routes = createRouteRegister(catalog.holding().routes)
  let { timeoutWriteMs, maxTunnelsPerUser, programmaticRedirectDomains, deviceLogin } = config
  let { directory, downstreamMtls, sshCa, administrators, scim } = config
  const { provisioned } = surroundings
  const directoryNow = (): Directory | undefined =>
    joinDirectories([directory, scim && provisioned?.directory])
  let settings = 1
  const settingsRevision = (): number => settings
  const logger = log.service('gateway')
  const accessLog = createAccessLog({
    logger: log.service('access'),
    fields: config.accessLogFields,
    clock,
    tracing: surroundings.tracing,
  })
  const authorizeLog = createAuthorizeLog({
    logger: log.service('authorize'),
    audit,
    fields: config.authorizeLogFields,
  })
  const clientCertificates = createClientCertificates(downstreamMtls, {
    clock,
    logger,
  })
  // With a directory file nobody is told that the provider sends no groups: they come from the file.
  const groupsClaim = ({ provider }: Session): string | undefined =>
    directoryNow() === undefined
      ? config.identityProviders.find(({ id }) => id === provider)?.groupsClaim
      : undefined
  const who = {
    clock,
    clientCertificates,
    subjectOf: (session) => subjectOf(session, directoryNow()),
  } satisfies DecideParts
  const decide = createDecide({ ...who, accessGrant })
  const words = createTurns(wordsPerTurn)
  const authorize = createAuthorize({
    words,
    decide,
    authorizeLog,
    metrics,
    clientCertificates,
    groupsClaim: createGroupsClaim(log.service('gateway'), groupsClaim),
    blockedPeople,
    keepDenial: surroundings.keepDenial,
    settingsRevision,
  })
  const mayUse = (caller: Caller, route: Route): boolean =>
    decide.foreseen(caller, route).outcome === 'allow'
  const liveTunnels = createLiveTunnels({
    words,
    clock,
    logger,
    authorize,
    routes: routes.table,
    settingsRevision,
    timeoutWriteMs: () => timeoutWriteMs,
    maxTunnelsPerUser: () => maxTunnelsPerUser,
    accessGrant,
    session: (id) => identity.session(id),
    sessionVersion: (id) => identity.sessionVersion(id),
  })
  const freshGrants = createFreshGrants({
    clock,
    authorize,
    routes: routes.table,
    settingsRevision,
    session: (id) => identity.session(id),
    sessionVersion: (id) => identity.sessionVersion(id),
  })
  identity.onSession((sessionId, ended) => void liveTunnels.redecide({ sessionId, ended }))
  const isPersonBlocked = (session: Caller['session']): boolean =>
    session?.kind === 'person' && blockedPeople.isBlocked(session)
  blockedPeople.onBlocked(() => {
    // What is being opened now is decided again as well.
    settings += 1
    liveTunnels.cut(({ grant }) => isPersonBlocked(grant.caller.session), 'person-blocked')
  })
  /** Whatever they are from: a route that nothing has changed stays the same object, and its tunnels stay. */
  function takeRoutes(holding: Pick<Holding, 'routes'>): void {
    routes.replaceRoutes(changesTo(holding.routes, routes.table()))
  }
  catalog.onHolding((holding) => {
    takeRoutes(holding)
    void liveTunnels.redecide()
  })
  provisioned?.onChanged(({ concerns }) => {
    settings += 1
    for (const sessionId of sessionsOf(liveTunnels, concerns))
      void liveTunnels.redecide({ sessionId, ended: undefined })
  })
  onAccessChanged(() => {
    settings += 1
    for (const sessionId of sessionsWithoutAccess(liveTunnels, accessGrant))
      void liveTunnels.redecide({ sessionId, ended: undefined })
  })
  const ownHost = config.authenticateServiceUrl?.hostname
  /** Where people sign in and find the portal is no application, whichever wildcard covers it. */
  const applicationAt = (host: string): Route | undefined =>
    host === ownHost ? undefined : routes.table().applicationAt(host)
  /** The name of the application at a host, which may be a wildcard. */
  const hostnameAt = (host: string): string | undefined => {
    const route = applicationAt(host)
    return route && applicationHostname(route)
  }
  const roleOf = createRoleOf({
    ...who,
    administrators: () => administrators ?? nobodyAdministers,
  })
  return {
    clock,
    logger,
    accessLog,
    audit,
    metrics,
    liveTunnels,
    cutTunnels: createCutTunnels(clock),
    words,
    authorize,
    openUpstream: createOpenUpstream({
      metrics,
      links,
      onAttempt: createStreamAudit(audit, log.service('connectors')),
    }),
    clientCertificates,
    matchRoute: (target, caller) =>
      matchRoute(routes.table(), target, (route) => mayUse(caller, route)),
    applicationAt,
    async identify(headers, client, { host, port }) {
      const application = port === applicationPort ? hostnameAt(host) : undefined
      const found = await identity.identify(headers, application)
      return { client, session: found?.session, sessionVersion: found?.version }
    },
    credentialFault(headers, authority) {
      const application = hostnameAt(hostOfAuthority(authority) ?? '')
      return identity.credentialFault(headers, application ?? '')
    },
    foreseen: (caller, route) => decide.foreseen(caller, route),
    loginRedirect: identity.login && createLoginRedirect(identity.login.origin, identity.login),
    askAgain: createAskAgain({
      clock,
      identity,
      decide,
      matchRoute: (target) => routes.table().match(target),
    }),
    signInLocation: () => identity.signInLocation(),
    sshCaSettings: () => sshCa,
    roleOf: (caller) => (isPersonBlocked(caller.session) ? undefined : roleOf(caller)),
    freshGrants,
    parseRedirect: (text) => parseRedirect(text, programmaticRedirectDomains),
    deviceLogin: () => deviceLogin,
    routesFor: (caller) => routes.table().routes.filter((route) => mayUse(caller, route)),
    seenBy: (caller, gateway) =>
      seeRoutes(routes.table().routes, (route) => decide.foreseen(caller, route), {
        gateway,
        isSignedIn: caller.session !== undefined,
        isKnown: (route) =>
          caller.session !== undefined && pendingOf(caller.session.userId, route) !== undefined,
        isOffline: (route) => isOffline(route, links),
        offeredPort: (route) => offeredPort(route, links),
      }),
    routeTable: routes.table,
    directory: directoryNow,
    decide,
    prepareReload: (next) => catalog.prepare(next),
    reload(next) {
      // One step: no request sees the new routes with the old limits.
      takeRoutes(catalog.useFile(next))
      timeoutWriteMs = next.timeoutWriteMs
      maxTunnelsPerUser = next.maxTunnelsPerUser
      programmaticRedirectDomains = next.programmaticRedirectDomains
      deviceLogin = next.deviceLogin
      sshCa = next.sshCa
      administrators = next.administrators
      if (next.directory !== directory || next.downstreamMtls !== downstreamMtls) settings += 1
      if ((next.scim === undefined) !== (scim === undefined)) settings += 1
      scim = next.scim
      directory = next.directory
      downstreamMtls = next.downstreamMtls
      clientCertificates.replace(downstreamMtls)
      accessLog.selectFields(next.accessLogFields)
      authorizeLog.selectFields(next.authorizeLogFields)
      return liveTunnels.redecide()
    },
  }
}

/** People's sessions with a tunnel that fit. */
function sessionsOf(
  liveTunnels: Pick<LiveTunnels, 'open'>,
  fits: (person: Session) => boolean,
): ReadonlySet<string> {
  const people = new Map<string, Session>()
  for (const { grant } of liveTunnels.open()) {
    const { session } = grant.caller
    if (session?.kind === 'person') people.set(session.id, session)
  }
  return new Set([...people.values()].filter(fits).map(({ id }) => id))
}

/** Those with a tunnel that rests on access which is over. */
function sessionsWithoutAccess(
  liveTunnels: Pick<LiveTunnels, 'open'>,
  accessGrant: FindAccessGrant,
): ReadonlySet<string> {
  const resting = liveTunnels.open().flatMap(({ grant }) => {
    const { access } = grant.decision
    const { session } = grant.caller
    if (access === undefined || session === undefined) return []
    const isHeld = accessGrant(session.userId, grant.route)?.id === access.id
    return isHeld ? [] : [session.id]
  })
  return new Set(resting)
}

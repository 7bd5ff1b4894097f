import type { TimerClock } from '../clock.ts'
import { testCaller, testRoute } from './access.fixture.ts'
import { nobodyBlocked } from '../identity/blocked-people.fixture.ts'
import type { BlockedPeople } from '../identity/blocked-people.ts'
import type { LiveCaller } from '../identity/session.ts'
import { silentLogger } from '../log.ts'
import { createRouteTable } from '../routes/table.ts'
import { createAuditLog } from '../telemetry/audit-log.ts'
import { createAuthorizeLog } from '../telemetry/authorize-log.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import type { FindAccessGrant } from './access-grant.ts'
import { createAuthorize, type Authorize } from './authorize.ts'
import { createDecide } from './decide.ts'
import { createLiveTunnels, type LiveTunnel, type LiveTunnels } from './live-tunnels.ts'

export interface TunnelOpener {
  readonly tunnels: LiveTunnels
  /** Opens one as the spine does; `dial` is what happens while its upstream is being opened. */
  open(caller: LiveCaller | undefined, dial?: () => Promise<void>): Promise<LiveTunnel>
}

/** Live tunnels of one route that one user may use, over the callers that a test is about. */
export function createTunnelOpener({
  clock,
  callers,
  user,
}: {
  readonly clock: TimerClock
  readonly callers: {
    session(id: string): Promise<LiveCaller | undefined>
    version(id: string): number | undefined
  }
  readonly user: string
}): TunnelOpener {
  const route = testRoute('tcp+https://db.example.com:5432', [1], { allow: { or: [{ user }] } })
  const routes = createRouteTable([route])
  const authorize = createTestAuthorize(clock)
  const tunnels = createLiveTunnels({
    clock,
    logger: silentLogger,
    authorize,
    routes: () => routes,
    settingsRevision: () => 1,
    timeoutWriteMs: () => 0,
    maxTunnelsPerUser: () => 0,
    session: (id) => callers.session(id),
    sessionVersion: (id) => callers.version(id),
  })
  return {
    tunnels,
    async open(caller, dial) {
      const target = { protocol: 'tcp', host: 'db.example.com', port: 5432 } as const
      const request = { requestId: 'r', target, authority: 'db.example.com:5432' }
      const by = { ...testCaller(), session: caller?.session, sessionVersion: caller?.version }
      const grant = authorize(request, by, { route })
      await dial?.()
      return tunnels.add(grant, { isReachedBy: () => true })
    },
  }
}

/** Decides by policy and session alone, without client certificates, and logs nothing. */
export function createTestAuthorize(
  clock: TimerClock,
  settingsRevision = (): number => 1,
  accessGrant: FindAccessGrant = () => undefined,
  blockedPeople: Pick<BlockedPeople, 'check'> = nobodyBlocked,
): Authorize {
  return createAuthorize({
    decide: createDecide({
      clock,
      clientCertificates: { facts: () => undefined },
      subjectOf: (session) => session,
      accessGrant,
    }),
    authorizeLog: createAuthorizeLog({
      logger: silentLogger,
      audit: createAuditLog({ logger: silentLogger }),
    }),
    metrics: createMetrics(),
    clientCertificates: { problemOf: () => undefined },
    groupsClaim: { faultOf: () => undefined },
    blockedPeople,
    settingsRevision,
  })
}

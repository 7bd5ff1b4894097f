import type { LiveTunnels } from '../access/live-tunnels.ts'
import type { HeldPolicy, HeldRoute } from '../catalog/holding.ts'
import type {
  PolicyDetails,
  PolicySummary,
  RouteDetails,
  RouteSummary,
} from './document-protocol.ts'
import { policyDetails, policySummary, routeDetails, routeSummary } from './document-view.ts'
import type { DocumentParts } from './document-writes.ts'
import { kindOperations, type KindOperations } from './documents.ts'

export interface AccessDocumentParts extends DocumentParts {
  readonly liveTunnels: Pick<LiveTunnels, 'open'>
}

type Routes = KindOperations<RouteSummary, RouteDetails>
type Policies = KindOperations<PolicySummary, PolicyDetails>

/**
 * Operations on routes: those of the file are shown, those of the store are changed. Who administers namespaces sees
 * and changes what is in them. Each throws `PeerError` `route-not-found`, `route-in-file`, `malformed-request`; who
 * changes one `ConflictError` with its form now where it is another than was read, `ConfigError` with every fault.
 */
export interface RouteOperations {
  readonly listRoutes: Routes['list']
  readonly getRoute: Routes['get']
  readonly checkRoute: Routes['check']
  readonly createRoute: Routes['create']
  readonly updateRoute: Routes['update']
  readonly deleteRoute: Routes['delete']
  readonly changeRoutes: Routes['bulk']
  readonly listRouteHistory: Routes['history']
  readonly restoreRoute: Routes['restore']
}

/** The same on named policies; one that a route names stays: `policy-in-use`. */
export interface PolicyOperations {
  readonly listPolicies: Policies['list']
  readonly getPolicy: Policies['get']
  readonly checkPolicy: Policies['check']
  readonly createPolicy: Policies['create']
  readonly updatePolicy: Policies['update']
  readonly deletePolicy: Policies['delete']
  readonly changePolicies: Policies['bulk']
  readonly listPolicyHistory: Policies['history']
  readonly restorePolicy: Policies['restore']
}

export function routeOperations(parts: AccessDocumentParts): RouteOperations {
  const tunnelsOf = countTunnels(parts)
  const of = kindOperations<HeldRoute, RouteSummary, RouteDetails>(
    {
      kind: 'route',
      names: {
        list: 'listRoutes',
        get: 'getRoute',
        check: 'checkRoute',
        create: 'createRoute',
        update: 'updateRoute',
        delete: 'deleteRoute',
        bulk: 'changeRoutes',
        history: 'listRouteHistory',
        restore: 'restoreRoute',
      },
      all: ({ heldRoutes }) => heldRoutes,
      isInUse: ({ route }) => route !== undefined,
      summary(all) {
        const tunnels = tunnelsOf()
        return all.map((held) => routeSummary(held, openOf(held, tunnels)))
      },
      details: (held) => routeDetails(held, openOf(held, tunnelsOf())),
    },
    parts,
  )
  return {
    listRoutes: of.list,
    getRoute: of.get,
    checkRoute: of.check,
    createRoute: of.create,
    updateRoute: of.update,
    deleteRoute: of.delete,
    changeRoutes: of.bulk,
    listRouteHistory: of.history,
    restoreRoute: of.restore,
  }
}

/** One that is not in use has none: another of its id may have some. */
function openOf({ id, route }: HeldRoute, tunnels: ReadonlyMap<string, number>): number {
  return route === undefined ? 0 : (tunnels.get(id) ?? 0)
}

function countTunnels({ liveTunnels }: AccessDocumentParts): () => ReadonlyMap<string, number> {
  return () => {
    const counts = new Map<string, number>()
    for (const { grant } of liveTunnels.open())
      counts.set(grant.route.id, (counts.get(grant.route.id) ?? 0) + 1)
    return counts
  }
}

export function policyOperations(parts: DocumentParts): PolicyOperations {
  const of = kindOperations<HeldPolicy, PolicySummary, PolicyDetails>(
    {
      kind: 'policy',
      names: {
        list: 'listPolicies',
        get: 'getPolicy',
        check: 'checkPolicy',
        create: 'createPolicy',
        update: 'updatePolicy',
        delete: 'deletePolicy',
        bulk: 'changePolicies',
        history: 'listPolicyHistory',
        restore: 'restorePolicy',
      },
      all: ({ heldPolicies }) => heldPolicies,
      isInUse: ({ named }) => named !== undefined,
      summary: (all) => all.map(policySummary),
      details: policyDetails,
    },
    parts,
  )
  return {
    listPolicies: of.list,
    getPolicy: of.get,
    checkPolicy: of.check,
    createPolicy: of.create,
    updatePolicy: of.update,
    deletePolicy: of.delete,
    changePolicies: of.bulk,
    listPolicyHistory: of.history,
    restorePolicy: of.restore,
  }
}

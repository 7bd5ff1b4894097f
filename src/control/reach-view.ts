import type { ReachedPerson } from '../access/trial/reached-people.ts'
import type { ReachedTunnel } from '../access/trial/reached-tunnels.ts'
import { formatAuthority } from '../address.ts'
import type { PlannedWrite } from '../catalog/catalog.ts'
import type { Held, Holding } from '../catalog/holding.ts'
import { storedIn } from '../catalog/judge-change.ts'
import type { RouteFault } from '../routes/route-findings.ts'
import { formatPath } from '../yaml-text.ts'
import type { PastUse } from './past-use.ts'
import type {
  ReachAnswer,
  ReachedPeopleView,
  ReachedPersonView,
  ReachedTunnelView,
} from './reach-protocol.ts'

/** @limit tunnels and people that the reach of a change names: it says how many there are */
const maxNamed = 200

export function tunnelsView(
  reached: readonly ReachedTunnel[],
): Omit<ReachAnswer['tunnels'], 'open'> {
  return { cut: reached.length, items: reached.slice(0, maxNamed).map(tunnelView) }
}

function tunnelView({ tunnel, ended }: ReachedTunnel): ReachedTunnelView {
  const { request, route, caller } = tunnel.grant
  const { session } = caller
  return {
    id: request.requestId,
    route: route.name,
    target: formatAuthority(request.target),
    who: session?.email ?? session?.userId ?? null,
    ip: caller.client.ip,
    opened_at: new Date(tunnel.openedAtMs).toISOString(),
    ended,
  }
}

/** Those who used the route last come first: they are the ones to ask. */
export function peopleView(reached: readonly ReachedPerson[], past: PastUse): ReachedPeopleView {
  const items = reached.map((it) => personView(it, past))
  const byUse = items.toSorted((one, other) =>
    (other.last_used ?? '').localeCompare(one.last_used ?? ''),
  )
  return { total: items.length, items: byUse.slice(0, maxNamed) }
}

function personView({ caller, change }: ReachedPerson, past: PastUse): ReachedPersonView {
  const { kind, userId, email } = caller.subject
  return {
    kind,
    who: email ?? userId,
    route_id: change.id,
    route: (change.after ?? change.before)?.name ?? change.id,
    last_used: past.lastUse(userId, change.id) ?? null,
  }
}

/** What is said of what would be written. */
export function warningsIn(
  after: Holding,
  planned: readonly PlannedWrite[],
  told: (finding: RouteFault) => RouteFault,
): ReachAnswer['warnings'] {
  return planned.flatMap(({ kind, id }) => {
    const held = storedIn<Held>(kind === 'route' ? after.heldRoutes : after.heldPolicies, id)
    return (held?.warnings ?? []).map(told).map(({ path, message, hint }) => ({
      path: formatPath(path),
      message,
      ...(hint === undefined ? {} : { hint }),
    }))
  })
}

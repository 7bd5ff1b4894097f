import type { NewRoute, Route } from '../../routes/route.ts'
import { createRouteTable } from '../../routes/table.ts'
import type { Decide } from '../decide.ts'
import type { OpenTunnel } from '../live-tunnels.ts'
import { inTurns } from './in-turns.ts'
import type { RouteChange } from './route-changes.ts'

/** An open tunnel that a change would cut, and why. */
export interface ReachedTunnel {
  readonly tunnel: OpenTunnel
  readonly ended: 'route-removed' | 'policy-changed' | 'route-changed'
}

export interface TunnelReach {
  /** Routes as they would be. */
  readonly after: readonly NewRoute[]
  readonly changes: readonly RouteChange[]
  readonly decide: Pick<Decide, 'now'>
}

/** The tunnels that would be cut, by the same questions that a change asks of each. */
export async function reachedTunnels(
  open: readonly OpenTunnel[],
  { after, changes, decide }: TunnelReach,
): Promise<readonly ReachedTunnel[]> {
  const table = createRouteTable(after.map((route): Route => ({ ...route, revision: 0 })))
  const touched = new Set(changes.map(({ id }) => id))
  const reached: ReachedTunnel[] = []
  for await (const tunnel of inTurns(open)) {
    const { request, route, caller } = tunnel.grant
    const next = table.match(request.target)
    // A new route may take the target of one that stays.
    if (next !== undefined && next.id === route.id && !touched.has(route.id)) continue
    const ended = endedBy(
      tunnel,
      next,
      () => next !== undefined && decide.now(caller, next).outcome === 'allow',
    )
    if (ended !== undefined) reached.push({ tunnel, ended })
  }
  return reached
}

function endedBy(
  { destination, grant }: OpenTunnel,
  next: Route | undefined,
  isAllowed: () => boolean,
): ReachedTunnel['ended'] | undefined {
  if (next === undefined) return 'route-removed'
  if (!isAllowed()) return 'policy-changed'
  return destination.isReachedBy(next.way, grant.route.way) ? undefined : 'route-changed'
}

import type { GatewayLook } from '../../client/gateways/look-at-gateway.ts'
import type { DaemonView } from '../../desktop/wire/view.ts'
import { sayTime } from '../../say-time.ts'
import { ownTunnelToJson, type OwnTunnel } from '../../tunnel/own-tunnels.ts'
import { note, printText } from '../speech/print.ts'
import { printTable } from '../speech/table.ts'

// What is open by a session, as its gateway knows it: also what no daemon of this machine has, such as `postern tcp` and
// stock clients, and what hangs at the gateway after a client has gone.

/** A gateway that was looked at. */
export interface Looked {
  /** By which commands take it; undefined for one that is not remembered. */
  readonly name: string | undefined
  readonly origin: string
  readonly look: Pick<GatewayLook, 'session' | 'tunnels'>
}

/** Prints a line for each tunnel, but for those that stand in the table of connections, and how many more there are. */
export function printTunnels(all: readonly Looked[], view: DaemonView | undefined): void {
  const shown = all.flatMap((status) =>
    besideDaemons(status, view).map((tunnel) => [
      tunnel.route,
      tunnel.target,
      status.name ?? status.origin,
      sayTime(tunnel.openedAt),
      String(tunnel.bytesUp),
      String(tunnel.bytesDown),
      tunnel.ip,
      tunnel.until === undefined ? '-' : sayTime(tunnel.until),
    ]),
  )
  if (shown.length > 0) {
    printTable([
      ['ROUTE', 'DESTINATION', 'GATEWAY', 'SINCE', 'UP', 'DOWN', 'FROM', 'UNTIL'],
      ...shown,
    ])
    printText('\n')
  }
  for (const { name, origin, look } of all) {
    if (look.session !== 'signed-in') continue
    const called = name ?? origin
    if (look.tunnels === undefined) {
      note(`${called}: does not say what is open: it may be an earlier release`)
      continue
    }
    const { open, tunnels } = look.tunnels
    if (open === 0) note(`${called}: nothing is open`)
    if (open > tunnels.length) note(`${called}: ${open - tunnels.length} more are open`)
  }
}

/** The tunnels to show. Of a destination whose tunnels the daemon has all, none: they are counted in its table. */
export function besideDaemons(
  { origin, look }: Looked,
  view: DaemonView | undefined,
): readonly OwnTunnel[] {
  const tunnels = look.tunnels?.tunnels ?? []
  const atGateway = countBy(tunnels.map(({ target }) => [target, 1]))
  const atDaemon = countBy(
    (view?.connections ?? [])
      .filter(({ gateway }) => gateway === origin)
      .map(({ authority = '', tunnels: count }) => [authority, count]),
  )
  return tunnels.filter(({ target }) => (atGateway.get(target) ?? 0) > (atDaemon.get(target) ?? 0))
}

function countBy(all: readonly (readonly [string, number])[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const [key, count] of all) counts.set(key, (counts.get(key) ?? 0) + count)
  return counts
}

/** For scripts; null where the gateway does not say. */
export function tunnelsToJson({ session, tunnels }: Looked['look']): object {
  if (session !== 'signed-in') return {}
  return {
    tunnels: tunnels?.tunnels.map(ownTunnelToJson) ?? null,
    ...(tunnels !== undefined && { tunnels_open: tunnels.open }),
  }
}

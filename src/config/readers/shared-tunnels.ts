import { siteOf, type Site } from '../../publish/site.ts'
import { hostsOf } from '../../routes/from.ts'
import type { NewRoute } from '../../routes/route.ts'
import { show } from '../../schema.ts'
import type { Source } from '../source/source.ts'

/**
 * Warns of a tunnel that routes lead to for hosts of several sites: it belongs to one of them, and nobody is let
 * make one by its name. The gateway, which knows the tunnels, warns of the others.
 */
export function warnOfSharedTunnels(
  { settings, findings }: Source,
  routes: readonly NewRoute[],
  sites: readonly Site[],
): void {
  for (const [tunnel, hosts] of hostsByTunnel(routes)) {
    const names = hosts.map((host) => siteOf(sites, host)?.name).filter((it) => it !== undefined)
    const [first, second] = new Set(names)
    if (first === undefined || second === undefined) continue
    const message = `hosts of ${show(first)} and of ${show(second)} lead to the tunnel ${show(tunnel)}, which can belong to one of these sites only`
    const hint = 'make a tunnel for each, and name it in the routes for its own site'
    findings.warnings.push(settings.problem('sites', message, { at: 'key', hint }))
  }
}

function hostsByTunnel(routes: readonly NewRoute[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  for (const { from, way } of routes) {
    if (way.kind !== 'connector' || way.tunnel === undefined) continue
    const name = way.tunnel.toLowerCase()
    found.set(name, [...(found.get(name) ?? []), ...hostsOf(from)])
  }
  return found
}

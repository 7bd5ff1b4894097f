import type { NamedTunnelRecord } from '../store/publish-store.ts'
import type { Stored } from '../store/stored.ts'
import type { NamedTunnel, NamedTunnelEnd } from './named-tunnels.ts'

type TunnelRow = Stored<NamedTunnelRecord>

/** The rows of named tunnels in memory, found by all of their names. */
export interface TunnelMirror {
  get(id: string): TunnelRow | undefined
  byName(name: string): TunnelRow | undefined
  byHostname(hostname: string): TunnelRow | undefined
  /** Those that are not deleted, by name. */
  live(): readonly TunnelRow[]
  /** Takes a row as it is now, unless a newer one is here; undefined: it is forgotten. */
  put(id: string, row: TunnelRow | undefined): void
}

export interface TunnelEvents {
  ended(tunnelId: string, why: NamedTunnelEnd): void
  changed(tunnel: NamedTunnel): void
}

export function createTunnelMirror(events: TunnelEvents): TunnelMirror {
  const byId = new Map<string, TunnelRow>()
  const byName = new Map<string, TunnelRow>()
  const byHostname = new Map<string, TunnelRow>()

  function leave(row: TunnelRow): void {
    byId.delete(row.id)
    // Somebody else may have the name by now.
    if (byName.get(nameKey(row.name))?.id === row.id) byName.delete(nameKey(row.name))
    for (const { hostname } of row.hostnames)
      if (byHostname.get(hostname)?.id === row.id) byHostname.delete(hostname)
  }

  function enter(row: TunnelRow): void {
    byId.set(row.id, row)
    if (row.deletedAtMs !== undefined) return
    byName.set(nameKey(row.name), row)
    for (const { hostname } of row.hostnames) byHostname.set(hostname, row)
  }

  function put(id: string, row: TunnelRow | undefined): void {
    const before = byId.get(id)
    if (before !== undefined && row !== undefined && before.revision >= row.revision) return
    if (before !== undefined) leave(before)
    if (row !== undefined) enter(row)
    // After the row is here: whoever hears of it finds what holds now.
    if (row === undefined || row.deletedAtMs !== undefined) {
      if (before?.deletedAtMs === undefined && before !== undefined)
        events.ended(id, 'tunnel-deleted')
      return
    }
    if (before !== undefined && before.generation !== row.generation)
      events.ended(id, 'tunnel-revoked')
    events.changed(toNamedTunnel(row))
  }

  return {
    get: (id) => byId.get(id),
    byName: (name) => byName.get(nameKey(name)),
    byHostname: (hostname) => byHostname.get(hostname),
    live: () => [...byName].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row),
    put,
  }
}

function nameKey(name: string): string {
  return name.toLowerCase()
}

export function toNamedTunnel(row: NamedTunnelRecord): NamedTunnel {
  return {
    id: row.id,
    name: row.name,
    site: row.site,
    createdBy: row.createdBy,
    createdAtMs: row.createdAtMs,
    hostnames: row.hostnames.map(({ hostname }) => hostname),
    services: row.services,
  }
}

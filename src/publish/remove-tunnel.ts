import type { NamedTunnel, NamedTunnelRegister } from './named-tunnels.ts'
import type { Records, RecordState } from './records.ts'
import type { Site } from './site.ts'
import { tunnelInUse } from './tunnel-faults.ts'

export interface RemoveTunnelParts {
  readonly namedTunnels: Pick<NamedTunnelRegister, 'delete'>
  readonly records: Pick<Records, 'remove'>
  sites(): readonly Site[]
  /** How many connections of connectors it has now. */
  countConnections(tunnelId: string): number
}

export interface TunnelRemoval {
  /** Whether it goes although it is used. */
  readonly force: boolean
  /** How `force` is said where this is asked for. */
  readonly forceOption: string
  /** Hosts of the routes that lead to it now, as whoever asks may be told of them. */
  routes(tunnel: NamedTunnel): readonly string[]
  /** Called with every look at its use: throws where whoever asks may not any more. */
  readonly admit?: (() => void) | undefined
  /** Called once it is gone, before its records of the DNS are. */
  removed(tunnel: NamedTunnel): void
}

export interface RemovedTunnel {
  readonly records: readonly RecordState[]
  /** Hosts of the routes that led to it, as whoever asked may be told of them. */
  readonly routes: readonly string[]
}

export interface RemoveTunnel {
  /** Removes the records of a host name that leads nowhere any more. Never rejects. */
  removeRecord(tunnel: NamedTunnel, hostname: string): Promise<RecordState>
  /**
   * Deletes a named tunnel, whose connectors end, and then the records of its host names. Whether it is used is
   * looked at in the step in which it is deleted. Answers the routes that led to it as well.
   *
   * @throws PeerError `tunnel-connected`, `tunnel-in-use` unless `force`, and as `NamedTunnelRegister`
   */
  removeTunnel(tunnel: NamedTunnel, removal: TunnelRemoval): Promise<RemovedTunnel>
}

/** @limit hosts that somebody is told lead to a tunnel: the others are counted */
const maxNamedHosts = 20

/** Those of the routes toward a tunnel that somebody may be told of, and how many others there are. */
export function tellHosts(
  hosts: readonly string[],
  mayBeTold: (host: string) => boolean = () => true,
): readonly string[] {
  const shown = hosts.filter(mayBeTold).slice(0, maxNamedHosts)
  const others = hosts.length - shown.length
  return others === 0 ? shown : [...shown, `${others} other${others === 1 ? '' : 's'}`]
}

/** Makes the one way in which a named tunnel goes, whoever asks for it. */
export function createRemoveTunnel(parts: RemoveTunnelParts): RemoveTunnel {
  const { namedTunnels, records, sites, countConnections } = parts

  function removeRecord(tunnel: NamedTunnel, hostname: string): Promise<RecordState> {
    const site = sites().find(({ name }) => name === tunnel.site)
    return site === undefined
      ? Promise.resolve({ state: 'assumed', records: [] })
      : records.remove(site, hostname)
  }

  return {
    removeRecord,
    async removeTunnel({ id }, { force, forceOption, admit, removed, ...removal }) {
      let routes: readonly string[] = []
      const deleted = await namedTunnels.delete(id, (tunnel) => {
        admit?.()
        const connections = countConnections(id)
        routes = removal.routes(tunnel)
        if ((connections > 0 || routes.length > 0) && !force)
          throw tunnelInUse(tunnel.name, { connections, routes, forceOption })
      })
      removed(deleted)
      const gone = deleted.hostnames.map((name) => removeRecord(deleted, name))
      return { records: await Promise.all(gone), routes }
    },
  }
}

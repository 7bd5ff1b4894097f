import type { SigningKeys } from '../identity/signing-keys.ts'
import type { NamedTunnel, NamedTunnelRegister, NewNamedTunnel } from './named-tunnels.ts'
import type { Site } from './site.ts'
import type { RecordState } from './records.ts'
import { tellHosts, type RemoveTunnel, type TunnelRemoval } from './remove-tunnel.ts'
import { siteNotFound, tunnelNotFound } from './tunnel-faults.ts'
import { grantKeysOf, type TunnelSecrets } from './tunnel-secrets.ts'

/**
 * Named tunnels for whoever runs the gateway. Nobody's right is looked at: what serves the network has
 * `Publishing`, and not this.
 */
export interface OperatorTunnels {
  /** Those of every site, by name. */
  list(): readonly NamedTunnel[]
  /**
   * Whoever asks leaves the audit record: nothing that fails comes between that and the tunnel. Throws as
   * `NamedTunnelRegister`, and `PeerError` `site-not-found`. `admit` is called in the step in which it is made: it
   * throws where whoever asks may not any more.
   */
  create(tunnel: NewNamedTunnel, admit?: () => void): Promise<TunnelSecrets>
  /**
   * Deletes one with its host names and their records of the DNS; its connectors end. `removed` is called once it is
   * gone, `admit` as with `create`. Throws as `NamedTunnelRegister`, and unless `force` `PeerError` `tunnel-connected`,
   * `tunnel-in-use`.
   */
  delete(
    nameOrId: string,
    options: Pick<TunnelRemoval, 'force' | 'removed' | 'admit'>,
  ): Promise<{
    readonly tunnel: NamedTunnel
    readonly records: readonly RecordState[]
    /** Hosts whose routes name it, and lead nowhere without it. */
    readonly routes: readonly string[]
  }>
  /** Gives it another secret: connectors that have the one of now end, and do not come back. Throws as `create`. */
  rotate(nameOrId: string, admit?: () => void): Promise<TunnelSecrets>
  /** The names of all there are. */
  sites(): readonly string[]
}

export interface OperatorTunnelsParts {
  readonly namedTunnels: Pick<
    NamedTunnelRegister,
    'list' | 'find' | 'create' | 'rotate' | 'secretOf'
  >
  readonly signingKeys: Pick<SigningKeys, 'all'>
  readonly removal: Pick<RemoveTunnel, 'removeTunnel'>
  /** Hosts of the routes and applications that name this tunnel. */
  hostsToward(tunnel: NamedTunnel): readonly string[]
  sites(): readonly Site[]
}

export function createOperatorTunnels(parts: OperatorTunnelsParts): OperatorTunnels {
  const { namedTunnels, signingKeys } = parts

  function find(nameOrId: string): NamedTunnel {
    const found = namedTunnels.find(nameOrId)
    if (found !== undefined) return found
    throw tunnelNotFound(
      nameOrId,
      namedTunnels.list().map(({ name }) => name),
    )
  }

  const sites = (): readonly string[] => parts.sites().map(({ name }) => name)

  return {
    list: () => namedTunnels.list(),
    sites,
    async create(wanted, admit) {
      const grantKeys = await grantKeysOf(signingKeys)
      const names = sites()
      if (!names.includes(wanted.site)) throw siteNotFound(wanted.site, names)
      admit?.()
      const tunnel = await namedTunnels.create(wanted)
      return { tunnel, secret: namedTunnels.secretOf(tunnel.id), grantKeys }
    },
    async delete(nameOrId, options) {
      const tunnel = find(nameOrId)
      const removed = await parts.removal.removeTunnel(tunnel, {
        ...options,
        forceOption: '"force"',
        routes: (it) => tellHosts(parts.hostsToward(it)),
      })
      return { tunnel, ...removed }
    },
    async rotate(nameOrId, admit) {
      const grantKeys = await grantKeysOf(signingKeys)
      const { id } = find(nameOrId)
      const tunnel = await namedTunnels.rotate(id, admit)
      return { tunnel, secret: namedTunnels.secretOf(id), grantKeys }
    },
  }
}

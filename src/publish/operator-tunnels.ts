import type { SigningKeys } from '../identity/signing-keys.ts'
import type { NamedTunnel, NamedTunnelRegister, NewNamedTunnel } from './named-tunnels.ts'
import type { Site } from './site.ts'
import { siteNotFound } from './tunnel-faults.ts'
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
}

export interface OperatorTunnelsParts {
  readonly namedTunnels: Pick<NamedTunnelRegister, 'list' | 'create' | 'secretOf'>
  readonly signingKeys: Pick<SigningKeys, 'all'>
  sites(): readonly Site[]
}

export function createOperatorTunnels(parts: OperatorTunnelsParts): OperatorTunnels {
  const { namedTunnels, signingKeys, sites } = parts
  return {
    list: () => namedTunnels.list(),
    async create(wanted, admit) {
      const grantKeys = await grantKeysOf(signingKeys)
      const names = sites().map(({ name }) => name)
      if (!names.includes(wanted.site)) throw siteNotFound(wanted.site, names)
      admit?.()
      const tunnel = await namedTunnels.create(wanted)
      return { tunnel, secret: namedTunnels.secretOf(tunnel.id), grantKeys }
    },
  }
}

/** A tunnel as `postern tunnel create` knows it: a name by which connectors register and routes reach them. */
export interface NamedTunnel {
  /** A UUID. */
  readonly id: string
  /** Unique among those that are not deleted. */
  readonly name: string
  /** Who made it: an email address, or an administrator. */
  readonly createdBy: string
  readonly createdAtMs: number
  /** Host names that lead to it, in lower case. */
  readonly hostnames: readonly string[]
}

/** Whether a connector may register. */
export type Admission =
  | { readonly tunnel: NamedTunnel }
  | { readonly fault: 'unknown-tunnel' | 'wrong-secret' | 'tunnel-deleted' }

/**
 * The named tunnels there are, read from memory: the feed of the store keeps it true before a write is
 * answered, so every question is one synchronous step.
 */
export interface NamedTunnels {
  /** By name or id. */
  find(nameOrId: string): NamedTunnel | undefined
  /** The one that registered this host name, in lower case. */
  byHostname(hostname: string): NamedTunnel | undefined
  /** `secret` as it stands in a token: 32 bytes. Compared in constant time. */
  admit(tunnelId: string, secret: Uint8Array): Admission
  /** Calls `listener` when one was deleted, or its credential revoked: its connections are to end. */
  onEnded(
    listener: (tunnelId: string, why: 'tunnel-deleted' | 'tunnel-revoked') => void,
  ): Disposable
}

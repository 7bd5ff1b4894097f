/** A tunnel as `postern tunnel create` knows it: a name by which connectors register and routes reach them. */
export interface NamedTunnel {
  /** A UUID. */
  readonly id: string
  /** Unique, without case, among those that are not deleted. */
  readonly name: string
  /** The site below which its host names are, and whose publishers it belongs to. */
  readonly site: string
  /** Who made it: an email address or a user id. */
  readonly createdBy: string
  readonly createdAtMs: number
  /** Host names that lead to it, in lower case. */
  readonly hostnames: readonly string[]
  /** JSON: the services that are pushed to stock connectors; undefined: they have their own rules. */
  readonly services: string | undefined
}

/** Whether a connector may register. */
export type Admission =
  /** Its secret, which whoever asks has shown to know. */
  | { readonly tunnel: NamedTunnel; readonly secret: Uint8Array }
  | { readonly fault: 'unknown-tunnel' | 'wrong-secret' | 'tunnel-deleted' }

/** Why the connections of a tunnel's connectors are to end. */
export type NamedTunnelEnd = 'tunnel-deleted' | 'tunnel-revoked'

/**
 * The named tunnels there are, read from memory: the feed of the store keeps it true before a write is
 * answered, so every question is one synchronous step.
 */
export interface NamedTunnels {
  /** By name or id. */
  find(nameOrId: string): NamedTunnel | undefined
  /** The one that registered this host name, in lower case. */
  byHostname(hostname: string): NamedTunnel | undefined
  /** `knows` says, in constant time, whether whoever asks knows this secret: 32 bytes. */
  admit(tunnelId: string, knows: (secret: Uint8Array) => boolean): Admission
  /** Calls `listener` when one was deleted, or its credential revoked: its connections are to end. */
  onEnded(listener: (tunnelId: string, why: NamedTunnelEnd) => void): Disposable
  /** Calls `listener` when host names or services of one have changed, or there is a new one. */
  onChanged(listener: (tunnel: NamedTunnel) => void): Disposable
}

export interface HostnameChange {
  readonly tunnel: NamedTunnel
  /** As it is kept. */
  readonly hostname: string
  /** False where it led to this tunnel before. */
  readonly isNew: boolean
}

export interface NewNamedTunnel {
  readonly name: string
  readonly site: string
  readonly createdBy: string
  readonly userId: string
}

/** The named tunnels, and what may be done to them. Each change holds for everybody before it resolves. */
export interface NamedTunnelRegister extends NamedTunnels {
  /** By name. */
  list(): readonly NamedTunnel[]
  /** 32 bytes, which its token carries. Throws `PeerError` `tunnel-not-found`. */
  secretOf(tunnelId: string): Uint8Array
  /** Throws `PeerError` `invalid-tunnel-name`, `tunnel-name-reserved`, `tunnel-exists`, `too-many-named-tunnels`. */
  create(tunnel: NewNamedTunnel): Promise<NamedTunnel>
  /**
   * Deletes one with its host names; answers it as it was. `admit` is called in the step in which it is deleted, again
   * where somebody else has written it meanwhile, and throws where it may not be. Throws `PeerError` `tunnel-not-found`.
   */
  delete(tunnelId: string, admit?: (tunnel: NamedTunnel) => void): Promise<NamedTunnel>
  /** Revokes its credential and gives it another; `admit` as with `delete`. Throws `PeerError` `tunnel-not-found`. */
  rotate(tunnelId: string, admit?: () => void): Promise<NamedTunnel>
  /**
   * Lets a host name lead to it; nothing is done where it does already. Throws `PeerError` `tunnel-not-found`,
   * `invalid-hostname`, `hostname-outside-site`, `hostname-not-covered`, `hostname-taken`,
   * `too-many-hostnames`.
   */
  addHostname(tunnelId: string, hostname: string): Promise<HostnameChange>
  /** Throws `PeerError` `tunnel-not-found`, `hostname-not-found`. */
  removeHostname(tunnelId: string, hostname: string): Promise<HostnameChange>
  /** What is pushed to stock connectors from now on. Throws `PeerError` `tunnel-not-found`. */
  setServices(tunnelId: string, services: string | undefined): Promise<NamedTunnel>
}

import type { SecureContext } from 'node:tls'
import type { HostPort } from '../address.ts'
import type { ProxyVersion } from '../net/proxy-protocol.ts'
import type { Policy } from '../policy/policy.ts'

/** Where a route leads; weights are relative to those of its siblings. */
export interface Upstream extends HostPort {
  readonly weight: number
}

/** TLS toward a next gateway. */
export interface NextGatewayTls {
  /** Whom to trust, and our own certificate where there is one. */
  readonly context: SecureContext
  /** The name to ask for and to find in its certificate; undefined: the upstream's own host. */
  readonly serverName: string | undefined
  /** Any certificate will do. */
  readonly skipVerify: boolean
}

/** How upstreams that are gateways themselves are asked for the tunnel, by CONNECT. */
export interface NextGateway {
  /** Undefined: without TLS, on this machine. */
  readonly tls: NextGatewayTls | undefined
}

/** A way from a name people use to a service, and who may take it. */
export interface Route {
  /** 16 hexadecimal digits, the same as long as `from` is: names the route in logs. */
  readonly id: string
  /** As configured, or made from `from`. */
  readonly name: string
  readonly description: string
  /** As configured, such as `tcp+https://ssh.example.com:22`. */
  readonly from: string
  readonly to: readonly Upstream[]
  /** Whether it may lead to the metadata service of a cloud. */
  readonly allowsMetadataAddress?: boolean | undefined
  /** Undefined: `to` are the services themselves. */
  readonly nextGateway?: NextGateway | undefined
  /** Which PROXY header tells them the client's address, before any other byte; undefined: none. */
  readonly upstreamProxyProtocol?: ProxyVersion | undefined
  readonly policy: Policy
  /** Whether those who may not use it see that it is there. */
  readonly isListed: boolean
  /** Whom to ask for access; empty when the configuration does not say. */
  readonly contact: string
  /** Whether anybody may use it without signing in. */
  readonly isPublic: boolean
  /** Longest life of a tunnel, in milliseconds; 0 for no limit. */
  readonly timeoutMs: number
  /** A tunnel without a byte either way for this long ends, in milliseconds; 0 for no limit. */
  readonly idleTimeoutMs: number
  /**
   * A tunnel whose service does not read what waits for it ends after so long without a byte either way,
   * in milliseconds; 0 for no limit.
   */
  readonly stallTimeoutMs: number
  /** Most tunnels at once, everybody's together; 0 for no limit. */
  readonly maxTunnels: number
}

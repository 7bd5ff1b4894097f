import type { SecureContext } from 'node:tls'
import type { HostPort } from '../address.ts'
import type { ProxyVersion } from '../net/proxy-protocol.ts'

/** Where a way leads; weights are relative to those of its siblings. */
export interface Upstream extends HostPort {
  readonly weight: number
}

/** How the tunnels of a route reach its service. Each kind is opened by a file of `upstream/`. */
export type UpstreamWay = DirectWay | NextGatewayWay | ConnectorWay

/** The ways that begin with a TCP connection of the gateway's to one of `to`. */
export type DialledWay = DirectWay | NextGatewayWay

interface Dialled {
  /** Of each tunnel one is used, tried in an order drawn by their weights. */
  readonly to: readonly Upstream[]
  /** Whether it may lead to the metadata service of a cloud. */
  readonly allowsMetadataAddress: boolean
  /** Whether it leads to this machine only where `to` says so itself, and not by what a name leads to. */
  readonly leavesMachine?: boolean
  /** Which PROXY header tells `to` the client's address, before any other byte; undefined: none. */
  readonly proxyProtocol: ProxyVersion | undefined
}

/** `to` are the services themselves. */
export interface DirectWay extends Dialled {
  readonly kind: 'direct'
}

/** `to` are gateways themselves, asked for the tunnel by CONNECT. */
export interface NextGatewayWay extends Dialled {
  readonly kind: 'next-gateway'
  /** Undefined: without TLS, on this machine. */
  readonly tls: NextGatewayTls | undefined
}

/** The service is reached through a connector, which has dialled the gateway. */
export interface ConnectorWay {
  readonly kind: 'connector'
  /** The named tunnel, by name or id; undefined: the one that registered the host name which is asked for. */
  readonly tunnel: string | undefined
  /** What the connector is to dial; undefined: what its own rules say of that host name. */
  readonly service: HostPort | undefined
  /** Whether each client names what the connector is to dial, which its own list allows or not. */
  readonly isBastion?: true
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

import type { TLSSocket } from 'node:tls'
import type { CutCode } from '../../tunnel/cut.ts'
import type { Peer } from './peer.ts'

/** What is spoken on connections of the port once their handshake is done. */
export interface PortProtocol {
  /** Its name in ALPN, such as `h2` (RFC 7301 §3.1); undefined: only a server name chooses it. */
  readonly name: string | undefined
  /** Server names (RFC 6066 §3), in lower case, by which clients choose it whatever they say in ALPN. */
  readonly serverNames?: readonly string[]
  /**
   * Takes over a connection whose client chose this protocol. No byte of it has been read, a client
   * certificate was admitted, and `peer` counts among those without a tunnel: it may be evicted at any
   * time, unless `peer.carryTunnel` says that something runs on it. There is no deadline for what its client
   * owes: `peer.beginExchange` sets one.
   */
  serve(socket: TLSSocket, peer: Peer): void
  /**
   * Lets go of connections without anything under way, and of the others when that is done; one whose peer would
   * come again at once may be kept until `letGo`.
   */
  stopAccepting(): void
  /** No tunnel is left: lets go of what was kept. Called once, after `stopAccepting`. */
  letGo?(): void
  /** Tells clients why all their tunnels are cut now, where the protocol has a way to say it. */
  announceCut?(code: CutCode): void
}

import type { PresentedCertificate } from './presented-certificate.ts'
import type { ConnectionEndpoints } from './proxy-protocol.ts'

/** Who is at the other end of a connection: as its edge tells it, else the connection's own peer. */
export interface Client {
  /** Never in IPv6-mapped form; empty when the connection was gone before anybody asked. */
  readonly ip: string
  /** The client's address and the one it connected to, with their ports; undefined when not known. */
  readonly endpoints: ConnectionEndpoints | undefined
  /** What it showed in its TLS handshake; undefined when it showed nothing, or was not asked. */
  readonly certificate?: PresentedCertificate | undefined
}

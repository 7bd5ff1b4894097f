import type { SecureContext } from 'node:tls'

/** How a receiver proves who it is, and how we do when it asks. */
export interface PeerTls {
  /** Whom to trust, and the certificate to show; made when the configuration was read. */
  readonly context: SecureContext
  /** Whose certificate is expected; the host of the address without it. */
  readonly serverName?: string | undefined
}

import type { Socket } from 'node:net'
import { unmapIPv4 } from '../../address.ts'
import type { Client } from '../../net/client.ts'
import type { ConnectionEndpoints, ProxyHeader } from '../../net/proxy-protocol.ts'
import type { PresentedCertificate } from '../../net/presented-certificate.ts'

/** A socket, or the view of one that an HTTP/2 session gives. */
type Peer = Partial<Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>>

/** The clients' real addresses, where a PROXY header told another than the connection's own peer. */
export interface ClientAddresses {
  /** Begins a connection: remembers what its header says, where it has one, for as long as it is there. */
  set(socket: Socket, header: ProxyHeader | undefined): void
  /**
   * Notes what was shown on a connection, under the object that `get` will be asked with: two
   * connections may have the same addresses for a moment, and must never share a certificate.
   */
  setCertificate(peer: Peer, certificate: PresentedCertificate | undefined): void
  get(peer: Peer): Client
}

/**
 * Remembers by the edge connection's own addresses and ports, since TLS and HTTP/2 wrap the socket
 * that the header came on, and every wrapper still tells these.
 */
export function createClientAddresses(): ClientAddresses {
  const told = new Map<string, Client>()
  const certificates = new WeakMap<Peer, PresentedCertificate>()
  return {
    set(socket, header) {
      const key = keyOf(socket)
      // A port may be in use again before the connection that had it is known to be closed: what the old
      // one said must not be taken for the new one's, and its closing must not remove what the new one
      // said.
      told.delete(key)
      const { source, destination } = header ?? {}
      if (source === undefined || destination === undefined) return
      const client = { ip: unmapIPv4(source.host), endpoints: { source, destination } }
      told.set(key, client)
      socket.once('close', () => {
        if (told.get(key) === client) told.delete(key)
      })
    },
    setCertificate(peer, certificate) {
      if (certificate !== undefined) certificates.set(peer, certificate)
    },
    get(peer) {
      const client = told.get(keyOf(peer)) ?? ownClient(peer)
      const certificate = certificates.get(peer)
      return certificate === undefined ? client : { ...client, certificate }
    },
  }
}

function ownClient({ remoteAddress, remotePort, localAddress, localPort }: Peer): Client {
  const source = endpointOf(remoteAddress, remotePort)
  const destination = endpointOf(localAddress, localPort)
  const ip = source?.host ?? ''
  return { ip, endpoints: source && destination && { source, destination } }
}

function endpointOf(
  address: string | undefined,
  port: number | undefined,
): ConnectionEndpoints['source'] | undefined {
  return address === undefined || port === undefined
    ? undefined
    : { host: unmapIPv4(address), port }
}

function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Peer): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}

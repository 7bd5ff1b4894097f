import type { Socket } from 'node:net'
import { unmapIPv4 } from '../address.ts'

/** A socket, or the view of one that an HTTP/2 session gives. */
type Peer = Pick<Socket, 'remoteAddress' | 'remotePort'>

/** The clients' real addresses, where a PROXY header told another than the connection's own peer. */
export interface ClientAddresses {
  set(socket: Socket, address: string): void
  get(peer: Peer): string
}

/**
 * Remembers by the edge connection's own address and port, since TLS and HTTP/2 wrap the socket that
 * the header came on, and every wrapper still tells these two.
 */
export function createClientAddresses(): ClientAddresses {
  const addresses = new Map<string, string>()
  return {
    set(socket, address) {
      const key = keyOf(socket)
      addresses.set(key, unmapIPv4(address))
      socket.once('close', () => addresses.delete(key))
    },
    get: (peer) => addresses.get(keyOf(peer)) ?? unmapIPv4(peer.remoteAddress ?? ''),
  }
}

function keyOf({ remoteAddress, remotePort }: Peer): string {
  return `${remoteAddress} ${remotePort}`
}

import type { TLSSocket } from 'node:tls'
import { addressKey } from '../../address.ts'
import type { PortProtocol } from '../../port/peers/port-protocol.ts'
import { connectorProtocol } from '../../tunnel/connector/protocol.ts'
import { serveConnection } from './connection.ts'
import { createRegistrar, type RegistrarParts } from './registrar.ts'

/**
 * Connections that have not registered yet: each may make the gateway hold a line of half a MiB.
 *
 * @limit connections of connectors that have not registered yet: the oldest one of the address that has the most is closed
 */
const maxUnregistered = 128

/** What connectors of ours speak on the port. */
export function createPosternProtocol(parts: RegistrarParts): PortProtocol {
  const registrar = createRegistrar(parts)
  /** By what counts as one address. */
  const unregistered = new Map<TLSSocket, string>()
  return {
    name: connectorProtocol,
    serve(socket, peer) {
      unregistered.set(socket, addressKey(peer.ip))
      if (unregistered.size > maxUnregistered) oldestOfMost(unregistered)?.destroy()
      void serveConnection(socket, peer, {
        clock: parts.clock,
        registrar,
        onDecided: () => void unregistered.delete(socket),
      })
    },
    stopAccepting() {
      for (const socket of unregistered.keys()) socket.destroy()
      registrar.stop()
    },
    letGo: registrar.drain,
  }
}

/** A connector that is far away takes a while, in which anybody may open that many connections from one address. */
function oldestOfMost(addressOf: ReadonlyMap<TLSSocket, string>): TLSSocket | undefined {
  const counts = new Map<string, number>()
  for (const address of addressOf.values()) counts.set(address, (counts.get(address) ?? 0) + 1)
  const most = Math.max(...counts.values())
  return [...addressOf].find(([, address]) => counts.get(address) === most)?.[0]
}

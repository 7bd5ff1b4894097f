import type { TLSSocket } from 'node:tls'
import type { PortProtocol } from '../../port/peers/port-protocol.ts'
import { connectorProtocol } from '../../tunnel/connector/protocol.ts'
import { serveConnection } from './connection.ts'
import { createRegistrar, type RegistrarParts } from './registrar.ts'

/**
 * Connections that have not registered yet: each may make the gateway hold a line of half a MiB.
 *
 * @limit connections of connectors that have not registered yet: the oldest is closed
 */
const maxUnregistered = 128

/** What connectors of ours speak on the port. */
export function createPosternProtocol(parts: RegistrarParts): PortProtocol {
  const registrar = createRegistrar(parts)
  const unregistered = new Set<TLSSocket>()
  return {
    name: connectorProtocol,
    serve(socket, peer) {
      unregistered.add(socket)
      const [oldest] = unregistered
      if (unregistered.size > maxUnregistered) oldest?.destroy()
      void serveConnection(socket, peer, {
        clock: parts.clock,
        registrar,
        onDecided: () => void unregistered.delete(socket),
      })
    },
    stopAccepting() {
      for (const socket of unregistered) socket.destroy()
      registrar.stop()
    },
    letGo: registrar.drain,
  }
}

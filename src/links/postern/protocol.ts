import type { PortProtocol } from '../../port/peers/port-protocol.ts'
import { connectorProtocol } from '../../tunnel/connector/protocol.ts'
import { serveConnection } from './connection.ts'
import { createRegistrar, type RegistrarParts } from './registrar.ts'
import { createUnregistered, maxUnregistered } from '../unregistered.ts'

/** What connectors of ours speak on the port. */
export function createPosternProtocol(parts: RegistrarParts): PortProtocol {
  const registrar = createRegistrar(parts)
  const unregistered = createUnregistered(maxUnregistered)
  return {
    name: connectorProtocol,
    serve(socket, peer) {
      unregistered.add(socket, peer.ip)
      void serveConnection(socket, peer, {
        clock: parts.clock,
        registrar,
        onDecided: () => unregistered.delete(socket),
      })
    },
    stopAccepting() {
      unregistered.destroyAll()
      registrar.stop()
    },
    letGo: registrar.drain,
  }
}

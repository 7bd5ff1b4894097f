import type { PortProtocol } from '../../port/peers/port-protocol.ts'
import { connectorProtocol } from '../../tunnel/connector/protocol.ts'
import { serveConnection } from './connection.ts'
import { createRegistrar, type RegistrarParts } from './registrar.ts'
import { createUnregistered, maxProved, maxUnproved } from '../unregistered.ts'

/** What connectors of ours speak on the port. */
export function createPosternProtocol(parts: RegistrarParts): PortProtocol {
  const registrar = createRegistrar(parts)
  const unproved = createUnregistered(maxUnproved)
  const proved = createUnregistered(maxProved)
  return {
    name: connectorProtocol,
    serve(socket, peer) {
      unproved.add(socket, peer.ip)
      void serveConnection(socket, peer, {
        clock: parts.clock,
        registrar,
        onProved() {
          unproved.delete(socket)
          proved.add(socket, peer.ip)
        },
        onDecided() {
          unproved.delete(socket)
          proved.delete(socket)
        },
      })
    },
    stopAccepting() {
      unproved.destroyAll()
      proved.destroyAll()
      registrar.stop()
    },
    letGo: registrar.drain,
  }
}

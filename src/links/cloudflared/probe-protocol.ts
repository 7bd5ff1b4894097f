import type { PortProtocol } from '../../port/peers/port-protocol.ts'
import { probeServerName } from './server-names.ts'

/** What a stock connector asks for at its start: a handshake, after which it ends the connection. */
export const probeProtocol: PortProtocol = {
  name: undefined,
  serverNames: [probeServerName],
  serve(socket, peer) {
    const exchange = peer.beginExchange({
      requestBytes: () => 0,
      isPeersTurn: () => true,
      reset: () => void socket.destroy(),
    })
    socket.once('close', () => exchange.end())
    // Whatever it says is nothing that anybody asked for.
    socket.once('data', () => socket.destroy()).once('end', () => socket.end())
  },
  stopAccepting: () => undefined,
}

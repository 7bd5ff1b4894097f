import type { Duplex } from 'node:stream'
import type { TunnelWay } from './connect-transport.ts'
import { connectWebSocket } from './connect-websocket.ts'
import type { Connector } from './connection.ts'
import type { GatewayAddress } from './destination.ts'

/** A WebSocket for each tunnel, on a connection of its own. */
export function createWebSocketTransport(gateway: GatewayAddress, connector: Connector): TunnelWay {
  const tunnels = new Set<Duplex>()
  const ending = new AbortController()
  return {
    async connect({ authority, fields, signal }) {
      const either = AbortSignal.any([signal, ending.signal])
      const { socket } = await connector.open(['http/1.1'], either)
      const host = new URL(gateway.origin).host
      const answer = await connectWebSocket(socket, authority, { ...fields, host }, either)
      const { tunnel } = answer
      if (tunnel === undefined) return answer
      tunnels.add(tunnel)
      tunnel.once('close', () => tunnels.delete(tunnel))
      if (ending.signal.aborted) tunnel.destroy()
      return answer
    },
    destroy() {
      ending.abort(new Error('the client ends'))
      for (const tunnel of tunnels) tunnel.destroy()
    },
  }
}

import type { Duplex } from 'node:stream'
import type { TunnelWay } from './way.ts'
import type { Aftermath } from './aftermath.ts'
import { connectWebSocket, type WebSocketAnswer } from './websocket-connect.ts'
import type { GatewayDialer } from '../reach/dialer.ts'

/** A WebSocket for each tunnel, on a connection of its own. */
export function createWebSocketTransport(dialer: GatewayDialer): TunnelWay {
  const tunnels = new Set<Duplex>()
  const ending = new AbortController()

  function aftermathOf(requestId: string, lastWords: WebSocketAnswer['lastWords']): Aftermath {
    return {
      requestId,
      hidesCuts: false,
      async whyCut(signal) {
        const [{ askAfterClose }, { createFetchPath }] = await Promise.all([
          import('./ask-why.ts'),
          import('../reach/gateway-request.ts'),
        ])
        const fetchPath = createFetchPath(dialer, signal)
        return askAfterClose(lastWords?.(), requestId, fetchPath)
      },
    }
  }

  return {
    async connect({ authority, fields, signal }) {
      const either = AbortSignal.any([signal, ending.signal])
      const { socket } = await dialer.open(['http/1.1'], either)
      const host = new URL(dialer.gateway.origin).host
      const answer = await connectWebSocket(socket, authority, { ...fields, host }, either)
      const { tunnel, id, lastWords } = answer
      if (tunnel === undefined) return answer
      tunnels.add(tunnel)
      tunnel.once('close', () => tunnels.delete(tunnel))
      if (ending.signal.aborted) tunnel.destroy()
      return { tunnel, aftermath: id === undefined ? undefined : aftermathOf(id, lastWords) }
    },
    destroy() {
      ending.abort(new Error('the client ends'))
      for (const tunnel of tunnels) tunnel.destroy()
    },
  }
}

import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { GatewayDialer } from '../../reach/dialer.ts'
import type { ConnectAnswer, TunnelRequest, TunnelWay } from './way.ts'

export interface OwnConnectionsOptions {
  readonly dialer: GatewayDialer
  /** Asks on a connection that nobody has used. The connection becomes the tunnel, or is gone. */
  readonly ask: (socket: Socket, request: TunnelRequest) => Promise<ConnectAnswer>
  /** Ends a tunnel that its program still has. */
  readonly cut: (tunnel: Duplex) => void
}

/** A way on which each tunnel has a connection of its own, over HTTP/1.1. */
export interface OwnConnections extends TunnelWay {
  /** Asks on a connection that stands already, and is nobody else's. */
  connectOn(socket: Socket, request: TunnelRequest): Promise<ConnectAnswer>
}

/** Keeps the tunnels whose connections nothing else knows, for the end of the client. */
export function createOwnConnections({ dialer, ask, cut }: OwnConnectionsOptions): OwnConnections {
  const tunnels = new Set<Duplex>()
  const ending = new AbortController()

  async function connectOn(socket: Socket, request: TunnelRequest): Promise<ConnectAnswer> {
    const answer = await ask(socket, request)
    const { tunnel } = answer
    if (tunnel === undefined) return answer
    tunnels.add(tunnel)
    tunnel.once('close', () => tunnels.delete(tunnel))
    if (ending.signal.aborted) tunnel.destroy()
    return answer
  }

  /** Whoever asks may leave, and so may the client. */
  function untilEither(request: TunnelRequest): TunnelRequest {
    return { ...request, signal: AbortSignal.any([request.signal, ending.signal]) }
  }

  return {
    async connect(request) {
      const either = untilEither(request)
      const { socket } = await dialer.open(['http/1.1'], either.signal)
      return connectOn(socket, either)
    },
    connectOn: (socket, request) => connectOn(socket, untilEither(request)),
    // None of them ever takes a second tunnel.
    leaveConnections: () => undefined,
    destroy() {
      ending.abort(new Error('the client ends'))
      for (const tunnel of tunnels) cut(tunnel)
    },
  }
}

import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { connectTls } from '../bad-input/dial.ts'
import { overHttp2, overWebSocket } from '../bad-input/neighbour.ts'
import type { LocalPort } from '../e2e/person.ts'
import type { GatewayRig } from '../e2e/rig.ts'
import type { Scope } from '../e2e/scope.ts'
import { WebSocket } from '../../src/tunnel/ws.ts'
import { stockWebSocketStream } from './stock-websocket.ts'
import type { Way, WayName } from './transfer.ts'

export type Gateway = Pick<GatewayRig, 'port' | 'origin' | 'ca'>

/** A way with a connection to the gateway of its own, which `take` is given. */
export interface OwnConnectionWay extends Way {
  open(take?: (socket: TLSSocket) => void): Promise<Duplex>
}

/** By a client of ours: its local port. */
export function byLocalPort(name: WayName, client: Pick<LocalPort, 'connect'>): Way {
  return { name, hasHalfClose: true, open: client.connect }
}

/** By a CONNECT over HTTP/2, on a connection of its own. */
export function byHttp2(scope: Scope, gateway: Gateway, authority: string): OwnConnectionWay {
  return {
    name: 'HTTP/2',
    hasHalfClose: true,
    async open(take) {
      const socket = await connectTls(gateway, 'h2')
      take?.(socket)
      scope.defer(() => void socket.destroy())
      return overHttp2(scope, gateway, socket, authority)
    },
  }
}

/** By the WebSocket of our clients. */
export function byWebSocket(scope: Scope, gateway: Gateway, authority: string): OwnConnectionWay {
  return {
    name: 'WebSocket',
    hasHalfClose: true,
    async open(take) {
      const socket = await connectTls(gateway, 'http/1.1')
      take?.(socket)
      scope.defer(() => void socket.destroy())
      return overWebSocket(socket, authority)
    },
  }
}

/** By the WebSocket of stock clients, at an application. */
export function byStockWebSocket(scope: Scope, { port, ca }: Gateway, host: string): Way {
  return {
    name: 'stock WebSocket',
    hasHalfClose: false,
    async open() {
      const headers = { host, 'user-agent': 'cloudflared/2026.8.2' }
      const options = { ca, servername: host, headers, perMessageDeflate: false }
      const socket = new WebSocket(`wss://127.0.0.1:${port}/`, [], options)
      scope.defer(() => socket.terminate())
      const opened = once(socket, 'open')
      const stream = stockWebSocketStream(socket)
      await opened
      return stream
    },
  }
}

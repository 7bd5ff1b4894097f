import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import { createWebSocketStream, WebSocket } from '../../src/tunnel/ws.ts'
import { requestConnect } from '../../src/net/request-connect.ts'
import { application } from './connector-rig.ts'
import type { GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'

/** Opens one tunnel to the application. Rejects when the gateway answers anything else. */
export type OpenWay = () => Promise<Duplex>

/** What cloudflared's client does: an upgrade of the application's root, one connection for each. */
export function byWebSocket(scope: Scope, rig: Pick<GatewayRig, 'port' | 'ca'>): OpenWay {
  return async () => {
    const options = {
      ca: rig.ca,
      servername: application,
      headers: { host: application, 'user-agent': 'cloudflared/2026.8.2' },
      perMessageDeflate: false,
    }
    const socket = new WebSocket(`wss://127.0.0.1:${rig.port}/`, [], options)
    scope.defer(() => socket.terminate())
    socket.on('error', () => undefined)
    const way = createWebSocketStream(socket)
    way.on('error', () => undefined)
    await once(socket, 'open')
    return way
  }
}

/** A CONNECT over HTTP/1.1, one connection for each. */
export function byConnect(scope: Scope, rig: Pick<GatewayRig, 'port' | 'ca'>): OpenWay {
  return async () => {
    const { port, ca } = rig
    const socket = connect({ port, ca, host: '127.0.0.1', servername: application })
    scope.defer(() => void socket.destroy())
    socket.on('error', () => undefined)
    await once(socket, 'secureConnect')
    const { statusCode } = await requestConnect(socket, {
      authority: `${application}:443`,
      fields: {},
      signal: AbortSignal.timeout(30_000),
    })
    if (statusCode !== 200) throw new Error(`the gateway answers ${statusCode}`)
    return socket
  }
}

import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { formatAuthority } from '../address.ts'
import { strictTransport } from '../pages/answers/strict-transport.ts'
import { applicationPort } from '../routes/application-port.ts'
import { encodeCloseText } from '../tunnel/cut.ts'
import { requestIdHeader } from '../tunnel/headers.ts'
import { bytesOverWebSocket } from '../tunnel/websocket-bytes.ts'
import { acceptOf } from '../tunnel/websocket-frames.ts'
import { handshakeFaultOf, upgradeOf } from './application-upgrade.ts'
import { watchClient } from './client-gone.ts'
import { writeAndEnd } from './connect-http1.ts'
import type { ConnectContext, ConnectRequest } from './connect-request.ts'

/**
 * A WebSocket upgrade at an application's host, which is a CONNECT to that host in the form of stock clients.
 * Node has detached the socket from its parser, as for CONNECT.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6455#section-4.2
 */
export function connectRequestApplication(
  request: IncomingMessage,
  socket: TLSSocket,
  head: Buffer,
  context: ConnectContext,
): ConnectRequest {
  // Now, not when the tunnel opens, as for CONNECT.
  if (head.length > 0) socket.unshift(head)
  const gone = watchClient(socket)
  const { requestId } = context
  const { host, path } = upgradeOf(request) ?? {}
  const key = request.headers['sec-websocket-key'] ?? ''
  return {
    ...context,
    transport: 'websocket',
    atApplication: true,
    path,
    authority: host === undefined ? '' : formatAuthority({ host, port: applicationPort }),
    headers: request.headers,
    fault: handshakeFaultOf(request),
    get signal() {
      return gone.signal()
    },
    accept(cutBy) {
      gone.stop()
      socket.write(switching(key, requestId))
      const whyCut = (): string | undefined => {
        const code = cutBy()
        return code && encodeCloseText(code, requestId)
      }
      return bytesOverWebSocket(socket, { side: 'server', whyCut })
    },
    refuse: ({ headers, ...answer }) =>
      writeAndEnd(socket, {
        ...answer,
        headers: { ...headers, ...strictTransport(request.headers) },
      }),
    abandon: () => void socket.destroy(),
  }
}

/** Names no subprotocol, whichever were offered: the bytes are nobody's but the service's. */
function switching(key: string, requestId: string): string {
  const fields = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptOf(key)}`,
    `${requestIdHeader}: ${requestId}`,
  ]
  return `${fields.join('\r\n')}\r\n\r\n`
}

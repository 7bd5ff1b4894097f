import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { WebSocketServer } from '../tunnel/ws.ts'
import { encodeCloseText, type CutCode } from '../tunnel/cut.ts'
import { requestIdHeader, tunnelIdHeader } from '../tunnel/headers.ts'
import { parseTunnelPath, tunnelProtocol } from '../tunnel/websocket.ts'
import { tunnelOverWebSocket, webSocketBounds } from '../tunnel/websocket-stream.ts'
import { watchClient } from './client-gone.ts'
import { writeAndEnd } from './connect-http1.ts'
import { strictTransport } from '../pages/answers/strict-transport.ts'
import type { ConnectContext, ConnectRequest } from './connect-request.ts'

/**
 * What a client may have under way unread on one tunnel, in bytes; as over HTTP/2.
 *
 * @limit bytes of one tunnel over a WebSocket that nobody has read yet: the sender waits
 */
const windowBytes = 1024 * 1024

/** Never listens: what it does is the answer to a handshake. */
const handshakes = new WebSocketServer({
  ...webSocketBounds,
  noServer: true,
  clientTracking: false,
  handleProtocols: () => tunnelProtocol,
})

/**
 * A CONNECT in the form of a WebSocket handshake. Node has detached the socket from its parser, as for
 * CONNECT; the answer 101 is sent when the tunnel is accepted, and a refusal is an ordinary answer.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6455#section-4.2
 */
export function connectRequestWebSocket(
  request: IncomingMessage,
  socket: TLSSocket,
  head: Buffer,
  context: ConnectContext,
): ConnectRequest {
  // Now, not when the tunnel opens, as for CONNECT.
  if (head.length > 0) socket.unshift(head)
  const gone = watchClient(socket)
  return {
    ...context,
    transport: 'websocket',
    authority: parseTunnelPath(request.url ?? '') ?? '',
    headers: request.headers,
    fault: faultOf(request),
    get signal() {
      return gone.signal()
    },
    accept(cutBy) {
      gone.stop()
      return upgrade(request, socket, context.requestId, cutBy)
    },
    refuse: ({ headers, ...answer }) =>
      writeAndEnd(socket, {
        ...answer,
        headers: { ...headers, ...strictTransport(request.headers) },
      }),
    abandon: () => void socket.destroy(),
  }
}

/** Answers 101. A client that has gone meanwhile: the relay finds the socket destroyed. */
function upgrade(
  request: IncomingMessage,
  socket: TLSSocket,
  requestId: string,
  cutBy: () => CutCode | undefined,
) {
  let stream: ReturnType<typeof tunnelOverWebSocket> | undefined
  const addRequestId = (lines: string[]): void =>
    void lines.push(`${requestIdHeader}: ${requestId}`, `${tunnelIdHeader}: ${requestId}`)
  handshakes.once('headers', addRequestId)
  // Everything here happens before it returns; what was wrong with the request was refused as a fault.
  handshakes.handleUpgrade(request, socket, Buffer.alloc(0), (webSocket) => {
    stream = tunnelOverWebSocket(webSocket, windowBytes, () => {
      const code = cutBy()
      return code && encodeCloseText(code, requestId)
    })
  })
  handshakes.off('headers', addRequestId)
  if (stream === undefined) socket.destroy()
  return stream ?? socket
}

const keyForm = /^[+/0-9A-Za-z]{22}==$/

function faultOf({ headers, rawHeaders }: IncomingMessage): string | undefined {
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length
  if (hosts !== 1) return 'a request must have exactly one "Host" header'
  if (headers['sec-websocket-version'] !== '13') {
    return '"Sec-WebSocket-Version" must be 13'
  }
  if (!keyForm.test(headers['sec-websocket-key'] ?? '')) {
    return '"Sec-WebSocket-Key" must be 16 bytes as base64'
  }
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
  return protocols.includes(tunnelProtocol)
    ? undefined
    : `"Sec-WebSocket-Protocol" must name "${tunnelProtocol}"`
}

import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { isSameAuthority } from '../address.ts'
import { endInOrder } from '../net/linger.ts'
import { requestIdHeader, tunnelIdHeader } from '../tunnel/headers.ts'
import type { Answer } from '../pages/answers/answer.ts'
import { watchClient } from './client-gone.ts'
import type { ConnectContext, ConnectRequest } from './connect-request.ts'

/**
 * A CONNECT over HTTP/1.1. Node has detached the socket from its parser: `head` and whatever follows
 * are never read as another request.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6
 */
export function connectRequestHttp1(
  request: IncomingMessage,
  socket: TLSSocket,
  head: Buffer,
  context: ConnectContext,
): ConnectRequest {
  // Now, not when the tunnel opens: by then the client's end may have been seen, after which nothing
  // can be put back.
  if (head.length > 0) socket.unshift(head)
  const gone = watchClient(socket)
  return {
    ...context,
    transport: 'http/1.1',
    authority: request.url ?? '',
    headers: request.headers,
    fault: faultOf(request),
    get signal() {
      return gone.signal()
    },
    accept() {
      gone.stop()
      const { requestId } = context
      const fields = `${requestIdHeader}: ${requestId}\r\n${tunnelIdHeader}: ${requestId}\r\n`
      socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\n`)
      return socket
    },
    refuse: (answer) => writeAndEnd(socket, answer),
    abandon: () => void socket.destroy(),
  }
}

/** Writes an answer on a raw connection and ends it in order. */
export function writeAndEnd(socket: Socket, { status, headers, body }: Answer): void {
  const lines = Object.entries({ ...headers, connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  const start = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`
  endInOrder(socket, `${[start, ...lines].join('\r\n')}\r\n\r\n${body}`)
}

function faultOf(request: IncomingMessage): string | undefined {
  const names = request.rawHeaders
    .filter((_, index) => index % 2 === 0)
    .map((name) => name.toLowerCase())
  const hosts = names.filter((name) => name === 'host').length
  if (hosts > 1) return 'a request must have one "Host" header, not several'
  // RFC 9112 §3.2: required in HTTP/1.1, and equal to the authority.
  if (hosts === 0 && request.httpVersion !== '1.0') return 'a request needs a "Host" header'
  if (hosts === 1 && !isSameAuthority(request.headers.host ?? '', request.url ?? '')) {
    return '"Host" must be the same as the target of CONNECT'
  }
  // RFC 9110 §9.3.6: CONNECT has no content; a length would make two readers disagree about what follows.
  const hasContent = names.includes('transfer-encoding') || names.includes('content-length')
  return hasContent
    ? 'CONNECT has no content: "Content-Length" and "Transfer-Encoding" are not allowed'
    : undefined
}

import {
  constants,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import { isSameAuthority } from '../address.ts'
import { requestIdHeader, tunnelIdHeader } from '../tunnel/headers.ts'
import type { Answer } from '../pages/answers/answer.ts'
import { watchClient } from './client-gone.ts'
import type { ConnectContext, ConnectRequest } from './connect-request.ts'
import { allowTunnelStreams } from '../port/http/http2-streams.ts'

/** What is answered to a client without a valid certificate, as nginx does. */
const certificateRequired = 495

/**
 * A CONNECT over HTTP/2: only `:method` and `:authority`, no `:scheme`, `:path` or `:protocol`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9113#section-8.5
 */
export function connectRequestHttp2(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  context: ConnectContext,
): ConnectRequest {
  const gone = watchClient(stream)
  return {
    ...context,
    transport: 'h2',
    authority: headers[':authority'] ?? '',
    headers,
    fault: faultOf(headers),
    get signal() {
      return gone.signal()
    },
    accept() {
      gone.stop()
      // A client that has gone meanwhile: the relay finds the stream destroyed.
      const { requestId } = context
      const fields = { [requestIdHeader]: requestId, [tunnelIdHeader]: requestId }
      if (!stream.destroyed) {
        allowTunnelStreams(stream.session as ServerHttp2Session | undefined)
        stream.respond({ ':status': 200, ...fields })
      }
      return stream
    },
    refuse(answer) {
      refuseStream(stream, answer)
      // Whoever finds a better certificate needs another handshake to show it. Tunnels that are open on
      // this connection go on.
      if (answer.status === certificateRequired) stream.session?.close()
    },
    abandon: () => void stream.destroy(),
  }
}

/** Answers a stream and ends it in order; what still comes on it is dropped. */
export function refuseStream(
  stream: ServerHttp2Stream,
  { status, headers: fields, body }: Answer,
): void {
  if (stream.destroyed) return
  stream.resume()
  stream.respond({ ...fields, ':status': status })
  // RFC 9113 §8.1: a whole answer may be followed by RST_STREAM with NO_ERROR, so that the client
  // stops sending.
  stream.end(body, () => stream.close(constants.NGHTTP2_NO_ERROR))
}

function faultOf(headers: IncomingHttpHeaders): string | undefined {
  const { host, [':authority']: authority } = headers
  if (headers[':protocol'] !== undefined) return 'extended CONNECT is not supported here'
  if (host !== undefined && !isSameAuthority(host, authority ?? '')) {
    return '"Host" must be the same as ":authority"'
  }
  return headers['content-length'] === undefined
    ? undefined
    : 'CONNECT has no content: "Content-Length" is not allowed'
}

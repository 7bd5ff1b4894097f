import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { messageOf } from '../errors.ts'
import { httpFaultOf, type HttpFault } from '../net/runtime.ts'
import { renderPlainRefusal, renderRefusal } from '../pages/answers/answer.ts'
import { isTunnelUpgrade } from '../tunnel/websocket.ts'
import { upgradeOf } from './application-upgrade.ts'
import { connectRequestApplication } from './connect-application.ts'
import { connectRequestHttp1, writeAndEnd } from './connect-http1.ts'
import { connectRequestHttp2, refuseStream } from './connect-http2.ts'
import { serveConnect } from './connect.ts'
import { connectRequestWebSocket } from './connect-websocket.ts'
import type { App } from '../pages/app.ts'
import type { RequestContext } from '../pages/answers/page-app.ts'
import { logRequest } from './log-request.ts'
import type { GatewayParts } from './parts.ts'
import { maxHeaderBytes, maxHeaderFields } from '../port/http/heads.ts'
import type { PageRequest, PageResponse, PortHandlers } from '../port/http/port-handlers.ts'
import type { Exchange } from '../port/peers/peer.ts'
import type { Refusal } from '../pages/answers/refusal.ts'
import { strictTransport } from '../pages/answers/strict-transport.ts'
import { writeAnswer } from '../port/http/write-answer.ts'

/** A request for a page, with what the library does not carry along. */
interface Asked {
  readonly context: RequestContext
  readonly response: PageResponse
  readonly exchange: Exchange
}

/** Serves what arrives on the port: tunnels by the spine (`connect.ts`), everything else by the pages. */
export function createHandlers(parts: GatewayParts, app: App): PortHandlers {
  const asked = new WeakMap<PageRequest, Asked>()
  const servePage = getRequestListener(
    async (request, { incoming }) => {
      const found = asked.get(incoming)
      if (found === undefined) return new Response(null, { status: 500 })
      const { context, response, exchange } = found
      const answer = lacksHost(incoming)
        ? refuse(withoutHost, context.requestId)
        : await app(request, context)
      // What is still to come of its body is nobody's request.
      if (answer.status === tooSlow.status && !('stream' in incoming))
        answer.headers.set('connection', 'close')
      await writeAnswer(answer, response, exchange)
      return RESPONSE_ALREADY_SENT
    },
    // HTTP/1.0 has no "Host": such a request is meant for the gateway itself, as a health check is.
    { overrideGlobalObjects: false, hostname: ownHost(parts) },
  )
  return {
    connectHttp1(request, socket, head, client) {
      return serveConnect(
        connectRequestHttp1(request, socket, head, { requestId: randomUUID(), client }),
        parts,
      )
    },
    connectHttp2(stream, headers, client) {
      return serveConnect(
        connectRequestHttp2(stream, headers, { requestId: randomUUID(), client }),
        parts,
      )
    },
    isTunnel: (request) => isTunnelUpgrade(request) || isAtApplication(request, parts),
    connectWebSocket(request, socket, head, client) {
      const connectRequest = isTunnelUpgrade(request)
        ? connectRequestWebSocket
        : connectRequestApplication
      return serveConnect(
        connectRequest(request, socket, head, { requestId: randomUUID(), client }),
        parts,
      )
    },
    malformedHttp1(error, socket, { ip }) {
      const requestId = randomUUID()
      const refusal = faults[httpFaultOf(error) ?? 'none']
      const entry = parts.accessLog.begin({ requestId, method: '', authority: '', path: '', ip })
      const isPlain = refusal === plainHttp
      const why = isPlain ? 'HTTP without TLS' : messageOf(error)
      entry.end({ responseCode: refusal.status, details: refusal.code, error: why })
      const answer = isPlain
        ? renderPlainRefusal(refusal, requestId)
        : renderRefusal(refusal, requestId, 'application/json')
      if (socket.writable) writeAndEnd(socket, answer)
      else socket.destroy()
    },
    oversizedHttp2(stream, { ip }) {
      const requestId = randomUUID()
      const entry = parts.accessLog.begin({ requestId, method: '', authority: '', path: '', ip })
      entry.end({ responseCode: tooLarge.status, details: tooLarge.code })
      // Nobody else listens for errors of this stream, and one without a listener would end the process.
      stream.on('error', () => undefined)
      refuseStream(stream, renderRefusal(tooLarge, requestId, 'application/json'))
    },
    request(request, response, client, exchange) {
      // It was trusted at its handshake, which need not hold any more.
      if (!parts.clientCertificates.maySpeak(client.certificate)) {
        if ('stream' in request) request.stream.session?.destroy()
        else request.destroy()
        return
      }
      const context = { requestId: randomUUID(), client, clock: parts.clock }
      asked.set(request, { context, response, exchange })
      for (const [name, value] of Object.entries(strictTransport(request.headers))) {
        response.setHeader(name, value)
      }
      const entry = logRequest(request, response, parts.accessLog, { ...context, exchange })
      void entry.run(() => servePage(request, response))
    },
  }
}

function isAtApplication(request: IncomingMessage, { applicationAt }: GatewayParts): boolean {
  const upgrade = upgradeOf(request)
  return upgrade !== undefined && applicationAt(upgrade.host) !== undefined
}

/** Where people sign in, which is the name that the gateway gives itself. */
function ownHost({ signInLocation }: GatewayParts): string {
  return URL.parse(signInLocation() ?? '')?.host ?? 'localhost'
}

/** RFC 9112 §3.2: a request over HTTP/1.1 has one. HTTP/2 has an authority instead. */
function lacksHost(request: PageRequest): boolean {
  return !('stream' in request) && request.httpVersion !== '1.0' && !request.headers.host
}

function refuse(refusal: Refusal, requestId: string): Response {
  const { status, headers, body } = renderRefusal(refusal, requestId, 'application/json')
  return new Response(body, { status, headers })
}

const malformed: Refusal = {
  status: 400,
  code: 'malformed_request',
  message: 'this is not an HTTP request',
  next: 'use HTTP/1.1 or HTTP/2 over TLS on this port',
  reasons: [],
}

const tooSlow: Refusal = {
  status: 408,
  code: 'request_timeout',
  message: 'the request did not arrive in time',
  next: 'try again',
  reasons: [],
}

const tooLarge: Refusal = {
  status: 431,
  code: 'head_too_large',
  message: `the head of this request is larger than ${maxHeaderBytes / 1024} KiB, or has more than ${maxHeaderFields} fields`,
  next: 'send fewer or shorter headers',
  reasons: [],
}

const plainHttp: Refusal = {
  status: 400,
  code: 'plain_http',
  message: 'this port speaks HTTPS, and this was HTTP without TLS',
  next: 'use an https:// address',
  reasons: [],
}

const withoutHost: Refusal = {
  ...malformed,
  message: 'a request over HTTP/1.1 needs a "Host" header',
  next: 'send one, or use HTTP/1.0',
}

const faults: Readonly<Record<HttpFault | 'none', Refusal>> = {
  'too-slow': tooSlow,
  'head-too-large': tooLarge,
  'plain-http': plainHttp,
  none: malformed,
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { AccessLog } from '../telemetry/access-log.ts'
import type { Client } from './client-addresses.ts'
import { describeCertificate } from './client-certificates/describe.ts'
import { headerText } from './headers.ts'
import type { Exchange } from './peers/peer.ts'

/** A request for a page or an API, by either HTTP version. */
export type PageRequest = IncomingMessage | Http2ServerRequest
export type PageResponse = ServerResponse | Http2ServerResponse

/** What a handler learns of a request besides the request itself. */
export interface RequestContext extends Pick<Client, 'ip' | 'clientCertificate'> {
  readonly requestId: string
}

/**
 * Writes the access line of a page or API request when its answer has been sent, or when the client
 * went away before that.
 */
export function logged(
  request: PageRequest,
  response: PageResponse,
  accessLog: AccessLog,
  { requestId, ip, clientCertificate, exchange }: RequestContext & { readonly exchange: Exchange },
): void {
  const entry = accessLog.begin({
    requestId,
    method: request.method ?? '',
    authority: headerText(request.headers, ':authority') ?? request.headers.host ?? '',
    path: request.url ?? '',
    userAgent: request.headers['user-agent'],
    referer: request.headers.referer,
    forwardedFor: headerText(request.headers, 'x-forwarded-for'),
    ip,
    clientCertificate: clientCertificate && describeCertificate(clientCertificate),
    headers: request.headers,
  })
  response.on('close', () => {
    if (!response.writableFinished && !response.writableEnded) {
      entry.end({ responseCode: 0, details: exchange.endedBy ?? 'client_gone' })
      return
    }
    const length = Number(response.getHeader('content-length') ?? 0)
    entry.end({ responseCode: response.statusCode, details: 'direct_response', sizeBytes: length })
  })
}

import type { AccessLog } from '../telemetry/access-log.ts'
import type { RequestContext } from '../pages/answers/page-app.ts'
import type { PageRequest, PageResponse } from '../port/port-handlers.ts'
import { describeCertificate } from '../port/client-certificates/describe.ts'
import { headerText } from '../request-headers.ts'
import type { Exchange } from '../port/peers/peer.ts'

/**
 * Writes the access line of a page or API request when its answer has been sent, or when the client
 * went away before that.
 */
export function logRequest(
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

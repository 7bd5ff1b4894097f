import type { Client } from '../net/client.ts'
import type { RequestContext } from '../pages/answers/page-app.ts'
import { describeCertificate } from '../port/client-certificates/describe.ts'
import type { Exchange } from '../port/peers/peer.ts'
import type { PageRequest, PageResponse } from '../port/http/port-handlers.ts'
import { headerText, type RequestHeaders } from '../request-headers.ts'
import type { LoggedRequest } from '../telemetry/access-fields.ts'
import type { AccessEntry, AccessLog } from '../telemetry/access-log.ts'

/** What an access line says of a client before its session is known. */
export function loggedClient(
  { ip, certificate }: Client,
  headers: RequestHeaders,
): Omit<LoggedRequest, 'requestId' | 'method' | 'path' | 'authority'> {
  return {
    userAgent: headers['user-agent'],
    referer: headers.referer,
    forwardedFor: headerText(headers, 'x-forwarded-for'),
    ip,
    clientCertificate: certificate && describeCertificate(certificate),
    headers,
  }
}

/**
 * Writes the access line of a page or API request when its answer has been sent, or when the client
 * went away before that.
 */
export function logRequest(
  request: PageRequest,
  response: PageResponse,
  accessLog: AccessLog,
  { requestId, client, exchange }: RequestContext & { readonly exchange: Exchange },
): AccessEntry {
  const { headers } = request
  const entry = accessLog.begin({
    requestId,
    method: request.method ?? '',
    authority: headerText(headers, ':authority') ?? headers.host ?? '',
    path: request.url ?? '',
    ...loggedClient(client, headers),
  })
  response.on('close', () => {
    if (!response.writableFinished && !response.writableEnded) {
      entry.end({ responseCode: 0, details: exchange.endedBy ?? 'client_gone' })
      return
    }
    const length = Number(response.getHeader('content-length') ?? 0)
    entry.end({ responseCode: response.statusCode, details: 'direct_response', sizeBytes: length })
  })
  return entry
}

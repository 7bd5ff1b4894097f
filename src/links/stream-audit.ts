import type { Grant } from '../access/grant.ts'
import type { Destination } from '../access/tunnel-register.ts'
import type { Logger } from '../log.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'

/**
 * Makes what leaves one audit entry for each stream that a connector is asked for, before it is: who, for which
 * route, and whose connector. The entry has the request id that the decision, the access line and the connector's
 * own log have. Ways without a connector leave none.
 */
export function createStreamAudit(
  audit: Pick<AuditLog, 'record'>,
  logger: Logger,
): (grant: Grant, destination: Destination) => void {
  return ({ request, caller, route }, { connector }) => {
    if (connector === undefined) return
    const details = {
      host: request.authority,
      route: route.name,
      'route-id': route.id,
      'tunnel-id': connector.tunnelId,
      'connector-id': connector.connectorId,
    }
    const { requestId } = request
    const { session, client } = caller
    audit.record(
      { kind: 'decision', event: 'stream granted', session, ip: client.ip, requestId, details },
      () => logger.debug('stream granted', { 'request-id': requestId, ...details }),
    )
  }
}

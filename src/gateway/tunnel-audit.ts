import type { Grant } from '../access/grant.ts'
import type { RelayEnd } from '../net/relay.ts'
import type { AccessConnector } from '../telemetry/access-fields.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'
import type { Ended } from '../telemetry/ended.ts'

/** What an entry says of an end, besides why. */
export interface AuditedEnd extends Pick<RelayEnd, 'cause' | 'bytesUp' | 'bytesDown'> {
  /** From its opening, in milliseconds: it may be said later. */
  readonly durationMs: number
  /** The protocol in which the client was told. */
  readonly told?: string | undefined
}

/** The audit entries of one tunnel. */
export interface TunnelAudit {
  ended(ended: Ended, end: AuditedEnd): void
}

/**
 * Keeps that a tunnel was opened, and then how it ended: two entries, of which the first is proof where a gateway
 * is killed. The access log has a line for it, and nothing more is said.
 */
export function beginTunnelAudit(
  audit: Pick<AuditLog, 'record'>,
  { request, caller, route }: Grant,
  connector: AccessConnector | undefined,
): TunnelAudit {
  const { session, client } = caller
  const about = { session, ip: client.ip, requestId: request.requestId }
  const where = {
    host: request.authority,
    route: route.name,
    'route-id': route.id,
    ...(connector && {
      'tunnel-id': connector.tunnelId,
      'connector-id': connector.connectorId,
    }),
  }
  audit.record({ ...about, kind: 'tunnel', event: 'tunnel opened', details: where }, sayNothing)
  return {
    ended(ended, { cause, bytesUp, bytesDown, durationMs, told }) {
      const details = {
        ...where,
        ended,
        ...(told && { told }),
        'bytes-up': bytesUp,
        'bytes-down': bytesDown,
        duration: Math.round(durationMs),
      }
      if (cause === 'cut')
        audit.record({ ...about, kind: 'cut', event: 'tunnel cut', details }, sayNothing)
      else audit.record({ ...about, kind: 'tunnel', event: 'tunnel ended', details }, sayNothing)
    },
  }
}

function sayNothing(): void {}

import type { Clock } from '../clock.ts'
import { createLineLimit } from '../line-limit.ts'
import type { LogFields, Logger } from '../log.ts'
import type { NamedTunnels } from '../publish/named-tunnels.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'
import type { LinkMetrics } from '../telemetry/link-metrics.ts'
import type { Link } from './link.ts'

/** Says what becomes of connectors: to the log, the audit log and the metrics. */
export interface LinkReport {
  /** One is registered; its connector has `connections` with it. */
  added(link: Link, connections: number): ReportedLink
}

export interface ReportedLink {
  /** It is over; its connector has `connections` left. */
  removed(connections: number): void
}

export interface LinkReportParts {
  readonly clock: Clock
  readonly logger: Logger
  readonly audit: AuditLog
  readonly metrics: Pick<LinkMetrics, 'registered'>
  readonly namedTunnels: Pick<NamedTunnels, 'find'>
}

/** @limit log lines a minute about single connections of connectors: one line counts the rest */
const maxLinesPerMinute = 60

/**
 * As many as one tunnel may have, who come back together when the gateway was away.
 *
 * @limit audit entries a minute about connectors of one named tunnel that register, and as many about their ends: an
 * entry says that there are more, and one a minute how many
 */
const maxProvenPerMinute = 30
const minuteMs = 60_000

/**
 * A connector is news when its first connection registers and when its last one has ended: an audit record and
 * a line of the log each. What becomes of the others is a line of the log. Whoever has the secret of a tunnel may
 * register as often as they like: its first ones of a minute are kept as proof, and how many others there were.
 */
export function createLinkReport(parts: LinkReportParts): LinkReport {
  const { clock, logger, audit, metrics, namedTunnels } = parts
  const limit = createLineLimit(clock, maxLinesPerMinute, (changes) =>
    logger.info('more changes of connections of connectors', { changes }),
  )
  const prove = (event: string, details: LogFields, level: 'info' | 'warn'): void =>
    audit.record({ kind: 'admin', event, details }, () => logger[level](event, details))
  const mention = (event: string, fields: LogFields): void => {
    if (limit.admits()) logger.info(event, fields)
  }
  /** Of each tunnel, the connectors that registered in the minute that began with the first. */
  const registeredOf = new Map<string, number>()
  /** Whose registration was kept as proof, and so is their end. */
  const proven = new Set<string>()

  function mayProve({ tunnelId }: Link, tunnel: string): boolean {
    const registered = (registeredOf.get(tunnelId) ?? 0) + 1
    registeredOf.set(tunnelId, registered)
    const about = { tunnel, 'tunnel-id': tunnelId }
    if (registered === 1)
      clock.schedule(minuteMs, () => {
        const more = (registeredOf.get(tunnelId) ?? 0) - maxProvenPerMinute
        registeredOf.delete(tunnelId)
        if (more > 0) prove('more connectors registered', { ...about, connectors: more }, 'warn')
      })
    if (registered === maxProvenPerMinute + 1)
      prove('connectors register too often', { ...about, hint: tooOftenHint }, 'warn')
    return registered <= maxProvenPerMinute
  }

  return {
    added(link, connections) {
      // Known after its tunnel is deleted, too.
      const tunnel = namedTunnels.find(link.tunnelId)?.name ?? link.tunnelId
      const who = whoIs(link, tunnel)
      const counted = metrics.registered(tunnel, link)
      const { connIndex, version, arch } = link
      const key = `${link.tunnelId} ${link.connectorId}`
      if (connections === 1 && mayProve(link, tunnel)) {
        proven.add(key)
        prove('connector registered', { ...who, version, arch }, 'info')
      } else
        mention('connection of a connector registered', {
          ...who,
          'conn-index': connIndex,
          connections,
        })
      return {
        removed(left) {
          counted.ended()
          const why = link.endedBy ?? 'lost'
          const fields = { ...who, why }
          const isProven = left === 0 && proven.delete(key)
          if (isProven) prove('connector gone', fields, why === 'lost' ? 'warn' : 'info')
          else
            mention('connection of a connector ended', {
              ...fields,
              'conn-index': connIndex,
              connections: left,
            })
        },
      }
    },
  }
}

const tooOftenHint =
  'one that starts again and again, or somebody else with its secret: "postern gateway connectors" shows from where'

function whoIs({ tunnelId, connectorId, dialect, ip }: Link, tunnel: string): LogFields {
  return { tunnel, 'tunnel-id': tunnelId, 'connector-id': connectorId, dialect, ip }
}

import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { EvictionCause } from './peers/peer.ts'

export interface PeerReportParts {
  readonly logger: Logger
  readonly clock: Clock
  readonly metrics: Pick<Metrics, 'peerEnded'>
}

const windowMs = 60_000

const sentences: Readonly<Record<EvictionCause, string>> = {
  stalled: 'nothing of a request or its answer moved for 30 s',
  timeout: 'its answer took longer than "timeout_write"',
  pipelined: 'it sent more than 8 requests ahead of their answers',
  'address-limit': 'its address has more connections than "max_connections_per_address"',
  'total-limit': 'there are more connections than "max_connections"',
  memory: 'requests and answers outside of tunnels held too much memory',
  descriptors: 'only a few more files can be opened, and those are kept for tunnels',
  flood: 'it sent far too many frames without payload',
  renegotiation: 'it asked for a TLS renegotiation',
}

const hints: Partial<Readonly<Record<EvictionCause, string>>> = {
  'address-limit':
    'behind a load balancer all clients have its address, unless it tells theirs: see "use_proxy_protocol"',
  descriptors: 'raise the limit of open files, LimitNOFILE in a systemd unit',
}

/**
 * Tells of what the gateway ended without being asked: counts each, logs the first one of each kind in a
 * minute, and when that is over how many more there were. One that was merely slow is `info`.
 */
export function createPeerReport({
  logger,
  clock,
  metrics,
}: PeerReportParts): (cause: EvictionCause, ip: string) => void {
  const more = new Map<EvictionCause, number>()
  const log = (cause: EvictionCause, fields: Record<string, unknown>): void => {
    const level = cause === 'stalled' || cause === 'timeout' ? 'info' : 'warn'
    const hint = hints[cause]
    logger[level]('connection without a tunnel closed', {
      ...fields,
      end: cause,
      why: sentences[cause],
      ...(hint === undefined ? {} : { hint }),
    })
  }
  return (cause, ip) => {
    metrics.peerEnded(cause)
    const counted = more.get(cause)
    if (counted !== undefined) {
      more.set(cause, counted + 1)
      return
    }
    more.set(cause, 0)
    log(cause, ip === '' ? {} : { ip })
    clock.schedule(windowMs, () => {
      const left = more.get(cause) ?? 0
      more.delete(cause)
      if (left > 0) log(cause, { more: left })
    })
  }
}

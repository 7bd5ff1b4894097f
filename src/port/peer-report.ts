import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { PeerEnd } from './peers/peer.ts'

export interface PeerReportParts {
  readonly logger: Logger
  readonly clock: Clock
  readonly metrics: Pick<Metrics, 'peerEnded'>
}

const windowMs = 60_000

const sentences: Readonly<Record<PeerEnd, string>> = {
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

const hints: Partial<Readonly<Record<PeerEnd, string>>> = {
  'address-limit':
    'behind a load balancer all clients have its address, unless it tells theirs: see "use_proxy_protocol"',
  descriptors: 'raise the limit of open files, LimitNOFILE in a systemd unit',
}

/**
 * Tells of what the gateway ended without being asked: counts each, and logs the first one of each kind
 * in a minute, and at its end how many more there were. One that was merely slow is `info`.
 */
export function createPeerReport({
  logger,
  clock,
  metrics,
}: PeerReportParts): (end: PeerEnd, ip: string) => void {
  const more = new Map<PeerEnd, number>()
  const log = (end: PeerEnd, fields: Record<string, unknown>): void => {
    const level = end === 'stalled' || end === 'timeout' ? 'info' : 'warn'
    const hint = hints[end]
    logger[level]('connection without a tunnel closed', {
      ...fields,
      end,
      why: sentences[end],
      ...(hint === undefined ? {} : { hint }),
    })
  }
  return (end, ip) => {
    metrics.peerEnded(end)
    const counted = more.get(end)
    if (counted !== undefined) {
      more.set(end, counted + 1)
      return
    }
    more.set(end, 0)
    log(end, ip === '' ? {} : { ip })
    clock.schedule(windowMs, () => {
      const left = more.get(end) ?? 0
      more.delete(end)
      if (left > 0) log(end, { more: left })
    })
  }
}

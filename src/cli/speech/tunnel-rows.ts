import type { TunnelSummary } from '../../control/protocol.ts'
import { sayBytes } from '../../say-bytes.ts'
import { sayTime } from '../../say-time.ts'
import type { Rows } from './table.ts'

/** The table of open tunnels, as every list of them shows it. */
export function tunnelRows(tunnels: readonly TunnelSummary[]): Rows {
  const rows = tunnels.map((tunnel) => [
    tunnel.email ?? tunnel.user ?? tunnel.service_account_id ?? '-',
    tunnel.route,
    tunnel.ip,
    tunnel.connector === null ? (tunnel.upstream ?? '-') : `connector ${tunnel.connector.tunnel}`,
    sayTime(tunnel.opened_at),
    sayBytes(tunnel.bytes_up),
    sayBytes(tunnel.bytes_down),
    tunnel.session_id ?? '-',
    tunnel.id,
  ])
  return [['WHO', 'ROUTE', 'FROM', 'TO', 'SINCE', 'UP', 'DOWN', 'SESSION', 'TUNNEL'], ...rows]
}

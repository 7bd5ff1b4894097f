import { isLoopbackHost } from '../address.ts'
import type { ListenAddress } from '../net/listen-address.ts'
import type { Findings } from './findings.ts'
import type { Settings } from './settings.ts'

/**
 * Behind an edge that tells nobody's address everybody has that of the edge, and the limit of one
 * address is one for all. A configuration cannot say that there is an edge; it shows it when people
 * reach another port than the gateway listens on, or when it listens on this machine alone. Whoever
 * has said something of either key has thought of it.
 */
export function warnOfSilentEdge(
  settings: Settings,
  address: ListenAddress,
  findings: Findings,
): void {
  if (settings.isGiven('use_proxy_protocol')) return
  if (settings.isGiven('max_connections_per_address')) return
  const origin = settings.values.authenticate_service_url
  if (origin === undefined || isLoopbackHost(origin.hostname)) return
  const publicPort = origin.port === '' ? 443 : Number(origin.port)
  const isHidden = address.host !== undefined && isLoopbackHost(address.host)
  if (!isHidden && (address.port === 0 || address.port === publicPort)) return
  const message = `is not where people arrive (${origin.host}): what passes their connections on may give all of them one address`
  const hint =
    'have it send PROXY headers and set "use_proxy_protocol", or set "max_connections_per_address" to 0; where everybody keeps their address, set "use_proxy_protocol" to false'
  const key = settings.isGiven('address') ? 'address' : 'authenticate_service_url'
  findings.warnings.push(settings.problem(key, message, { hint }))
}

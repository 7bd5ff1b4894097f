import { isLoopbackHost } from '../../address.ts'
import type { ProxyProtocolSettings } from '../../port/proxy-admission.ts'
import type { Source } from '../source/source.ts'
import { valueAt } from '../../schema.ts'
import type { Path } from '../../yaml-text.ts'

/** Reads who must, may and may not begin a connection with a PROXY header. */
export function readProxyProtocol(source: Source): ProxyProtocolSettings {
  const { settings } = source
  const { use_proxy_protocol: use = false, proxy_protocol_from: from } = settings.values
  if (use !== false && !settings.isGiven('proxy_protocol_from')) judgeOpen(use, source)
  if (use === false && settings.isGiven('proxy_protocol_from')) judgeUnused(source)
  return { use, from }
}

const openTo = 'whoever reaches the port may claim any address'

function judgeOpen(use: true | 'optional', source: Source): void {
  const { settings, findings } = source
  if (use === 'optional') {
    const message = `"optional" needs "proxy_protocol_from": without it ${openTo}`
    findings.problems.push(settings.problem('use_proxy_protocol', message))
    return
  }
  const hint = 'list the addresses of your load balancers in "proxy_protocol_from"'
  findings.warnings.push(settings.problem('use_proxy_protocol', openTo, { hint }))
  refuseSourceIp(source)
}

/** A policy that decides by an address that anybody may claim protects nothing. */
function refuseSourceIp({ settings, findings }: Source): void {
  const { text, path } = settings.routes
  const routes = valueAt(text.value, path)
  if (!Array.isArray(routes)) return
  for (const [index, route] of routes.entries()) {
    const policy = [...path, index, 'policy']
    for (const at of placesOf('source_ip', valueAt(route, ['policy']), policy)) {
      const details = {
        hint: 'list your load balancers in "proxy_protocol_from"; to believe everybody on purpose, write [0.0.0.0/0, "::/0"]',
        at: 'key',
      } as const
      const message = `"source_ip" needs "proxy_protocol_from": without it ${openTo}`
      findings.problems.push(text.problem(at, message, details))
    }
  }
}

/** Where a key stands in a document. What aliases repeat is looked at once. */
function placesOf(key: string, value: unknown, path: Path, seen = new Set<unknown>()): Path[] {
  if (typeof value !== 'object' || value === null || seen.has(value)) return []
  seen.add(value)
  return Object.entries(value).flatMap(([name, inner]) => {
    const at = [...path, Array.isArray(value) ? Number(name) : name]
    return [...(name === key ? [at] : []), ...placesOf(key, inner, at, seen)]
  })
}

/** Somebody who lists load balancers believes that headers are read. */
function judgeUnused({ settings, findings }: Source): void {
  if (settings.isGiven('use_proxy_protocol')) {
    if (settings.values.use_proxy_protocol === undefined) return
    const message = 'has no effect: "use_proxy_protocol" is false'
    findings.warnings.push(settings.problem('proxy_protocol_from', message, { at: 'key' }))
    return
  }
  const message = 'needs "use_proxy_protocol" as well'
  const hint = 'set it to true, or to "optional" when some clients connect without a load balancer'
  findings.problems.push(settings.problem('proxy_protocol_from', message, { hint, at: 'key' }))
}

/**
 * Behind an edge (a load balancer, an L4 proxy) that does not pass on addresses, all clients have the
 * address of the edge, and the limit for one address holds for all of them together. A configuration does
 * not say whether there is an edge. There seems to be one when people reach another port than the gateway
 * listens on, or when it listens on loopback only. Whoever has set one of the two keys has thought of it.
 */
export function warnOfSilentEdge({ settings, findings }: Source): void {
  if (settings.isGiven('use_proxy_protocol')) return
  if (settings.isGiven('max_connections_per_address')) return
  const origin = settings.values.authenticate_service_url
  if (origin === undefined || isLoopbackHost(origin.hostname)) return
  const publicPort = origin.port === '' ? 443 : Number(origin.port)
  const address = settings.orDefault('address')
  const isHidden = address.host !== undefined && isLoopbackHost(address.host)
  if (!isHidden && (address.port === 0 || address.port === publicPort)) return
  const message = `is not where people connect (${origin.host}): whatever passes their connections on may give all of them one address`
  const hint =
    'have it send PROXY headers and set "use_proxy_protocol", or set "max_connections_per_address" to 0; if clients keep their own addresses, set "use_proxy_protocol" to false'
  const key = settings.isGiven('address') ? 'address' : 'authenticate_service_url'
  findings.warnings.push(settings.problem(key, message, { hint }))
}

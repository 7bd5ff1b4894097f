import type { ProxyProtocolSettings } from './config.ts'
import type { Findings } from './findings.ts'
import type { Settings } from './settings.ts'

/** Reads who must, may and may not begin a connection with a PROXY header. */
export function readProxyProtocol(settings: Settings, findings: Findings): ProxyProtocolSettings {
  const { use_proxy_protocol: use = false, proxy_protocol_from: from } = settings.values
  if (use !== false && !settings.isGiven('proxy_protocol_from')) judgeOpen(use, settings, findings)
  if (use === false && settings.isGiven('proxy_protocol_from')) judgeUnused(settings, findings)
  return { use, from }
}

const openTo = 'whoever reaches the port may claim any address'

function judgeOpen(use: true | 'optional', settings: Settings, findings: Findings): void {
  if (use === 'optional') {
    const message = `"optional" needs "proxy_protocol_from": without it ${openTo}`
    findings.problems.push(settings.problem('use_proxy_protocol', message))
    return
  }
  const hint = 'list the addresses of your load balancers in "proxy_protocol_from"'
  findings.warnings.push(settings.problem('use_proxy_protocol', openTo, { hint }))
}

/** Somebody who lists load balancers believes that headers are read. */
function judgeUnused(settings: Settings, findings: Findings): void {
  if (settings.isGiven('use_proxy_protocol')) {
    if (settings.values.use_proxy_protocol === undefined) return
    const message = 'has no effect: "use_proxy_protocol" is false'
    findings.warnings.push(settings.problem('proxy_protocol_from', message, { at: 'key' }))
    return
  }
  const message = 'needs "use_proxy_protocol" beside it'
  const hint = 'say true, or "optional" when some clients come without a load balancer'
  findings.problems.push(settings.problem('proxy_protocol_from', message, { hint, at: 'key' }))
}

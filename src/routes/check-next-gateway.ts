import { nextGatewayKeys } from './next-gateway-keys.ts'
import type { RouteNotes } from './route-findings.ts'
import type { RouteValues } from './route-keys.ts'
import { schemeOf, type UpstreamScheme } from './to.ts'

/** Keys that take a PEM text, or the name of a file with one: then with `_file` behind them. */
export const pemKeys = ['tls_custom_ca', 'tls_client_cert', 'tls_client_key'] as const
export type PemKey = (typeof pemKeys)[number]

const noEffect = {
  tcp: 'applies to https upstreams; what goes to a tcp:// upstream is sent as it is',
  http: 'applies to https upstreams; what goes to an http:// upstream is not encrypted',
  connector: 'applies to https upstreams; a connector has dialled this gateway, by TLS',
} as const

/**
 * Checks the keys about next gateways beside each other, and answers how the upstreams are spoken to;
 * undefined where that cannot be said. Takes the PEM texts that were given twice out of `values`.
 */
export function checkNextGatewayKeys(
  plain: object,
  values: RouteValues,
  notes: RouteNotes,
): UpstreamScheme | undefined {
  if (values.to === undefined) return undefined
  const scheme = schemeOf(values.to)
  if (typeof scheme === 'object') {
    notes.fault(['to'], scheme.fault, { hint: scheme.hint })
    return undefined
  }
  if (scheme === 'connector') refuseProxyHeader(values, notes)
  if (scheme === 'https') checkTlsKeys(plain, values, notes)
  else {
    for (const key of Object.keys(nextGatewayKeys).filter((name) => Object.hasOwn(plain, name))) {
      notes.warn([key], `has no effect: ${noEffect[scheme]}`, { at: 'key' })
    }
  }
  return scheme
}

/** A service that waits for the header would take the client's first bytes for it. */
function refuseProxyHeader(values: RouteValues, notes: RouteNotes): void {
  if (values.upstream_proxy_protocol === undefined) return
  notes.fault(['upstream_proxy_protocol'], 'cannot be sent through a connector', { at: 'key' })
}

function checkTlsKeys(plain: object, values: RouteValues, notes: RouteNotes): void {
  if (values.tls_skip_verify === true) {
    const hint = 'name the authority of its certificate in "tls_custom_ca_file" instead'
    notes.warn(['tls_skip_verify'], 'lets anybody on the way read and change everything', { hint })
  }
  for (const name of pemKeys) {
    const fileKey = `${name}_file` as const
    if (values[fileKey] === undefined || !Object.hasOwn(plain, name)) continue
    notes.fault([fileKey], `cannot be given together with "${name}": choose one of them`, {
      at: 'key',
    })
    delete values[name]
    delete values[fileKey]
  }
  requireWholePair(plain, notes)
}

function requireWholePair(plain: object, notes: RouteNotes): void {
  const isGiven = (name: PemKey): boolean =>
    Object.hasOwn(plain, name) || Object.hasOwn(plain, `${name}_file`)
  if (isGiven('tls_client_cert') === isGiven('tls_client_key')) return
  const [there, missing] = isGiven('tls_client_cert')
    ? (['tls_client_cert', 'tls_client_key'] as const)
    : (['tls_client_key', 'tls_client_cert'] as const)
  const at = Object.hasOwn(plain, there) ? there : (`${there}_file` as const)
  notes.fault([at], `needs "${missing}" or "${missing}_file" as well`, { at: 'key' })
}

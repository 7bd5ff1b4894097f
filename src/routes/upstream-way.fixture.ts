import type { DirectWay, NextGatewayWay, Upstream } from './upstream-way.ts'

/** A way of a test, straight to these; a port alone is one of this machine. */
export function directTo(
  to: readonly (number | Upstream)[],
  more: Partial<DirectWay> = {},
): DirectWay {
  return { kind: 'direct', ...dialled(to), ...more }
}

/** A way of a test, through gateways; without TLS unless `more` says otherwise. */
export function throughGateway(
  to: readonly (number | Upstream)[],
  more: Partial<NextGatewayWay> = {},
): NextGatewayWay {
  return { kind: 'next-gateway', tls: undefined, ...dialled(to), ...more }
}

function dialled(to: readonly (number | Upstream)[]): Omit<DirectWay, 'kind'> {
  const upstreams = to.map((upstream) =>
    typeof upstream === 'number' ? { host: '127.0.0.1', port: upstream, weight: 1 } : upstream,
  )
  return { to: upstreams, allowsMetadataAddress: false, proxyProtocol: undefined }
}

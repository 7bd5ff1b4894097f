import type { HostPort } from '../address.ts'

/** What a tunnel carries. */
export type TunnelProtocol = 'tcp'

/** What a tunnel is asked for. */
export interface Target extends HostPort {
  readonly protocol: TunnelProtocol
}

/** The method by which a tunnel for TCP is asked for over HTTP (RFC 9110 §9.3.6). */
export const connectMethod = 'CONNECT'

/** What policies and logs find where other requests have a method and a path, by what the tunnel carries. */
export const requestLines = {
  tcp: { method: connectMethod, path: '' },
} as const satisfies Readonly<Record<TunnelProtocol, object>>

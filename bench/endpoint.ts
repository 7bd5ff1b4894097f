/** How a tunnel is opened: raw TCP or TLS to a relay, or CONNECT or a WebSocket to a gateway. */
export type Protocol = 'tcp' | 'tls' | 'http/1.1' | 'h2' | 'websocket'

/** Where and how the generator opens tunnels. Sent between processes: plain data only. */
export interface Endpoint {
  readonly protocol: Protocol
  /** An address. **Default:** 127.0.0.1 */
  readonly host?: string
  readonly port: number
  /** PEM of the authority the server's certificate comes from. */
  readonly ca: string
  /** What is asked for at a gateway, `HOST:PORT`. **Default:** that of the benchmark's one route */
  readonly authority?: string
}

/** The name on the certificate. */
export const serverName = 'localhost'

/** The destination tunnels ask a gateway for. */
export const authority = 'bench.example.com:22'

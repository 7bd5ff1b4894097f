import type { Duplex } from 'node:stream'
import { isTunnelId, tunnelIdHeader } from '../../tunnel/headers.ts'
import type { HttpAnswer, RequestFields } from '../../reach/http-answer.ts'
import type { Aftermath } from './aftermath.ts'

/** What is asked of a gateway. */
export interface TunnelRequest {
  readonly authority: string
  readonly fields: RequestFields
  readonly signal: AbortSignal
}

/** One way of opening tunnels to one gateway. */
export interface TunnelWay {
  /**
   * Asks for a tunnel.
   *
   * @throws NoAnswerError, UpstreamError `gateway-unreachable` or `gateway-not-trusted`
   */
  connect(request: TunnelRequest): Promise<ConnectAnswer>
  /** Asks for no further tunnel on a connection that stands or is being made; each ends with its last tunnel. */
  leaveConnections(): void
  /** Ends all connections, those still being made included, and with them their tunnels. */
  destroy(): void
}

/** What the gateway says to CONNECT. */
export type ConnectAnswer =
  | {
      readonly tunnel: Duplex
      readonly aftermath?: Aftermath | undefined
      readonly refusal?: never
    }
  | { readonly tunnel?: never; readonly aftermath?: never; readonly refusal: HttpAnswer }

/**
 * Whether an answer to CONNECT opened a tunnel. Something on the way that takes CONNECT for an ordinary
 * request answers 200 as well: with a page, and a page has a type. That it has a length says nothing
 * (RFC 9110 §9.3.6: to be ignored).
 */
export function isTunnel({ status, headers }: Omit<HttpAnswer, 'body'>): boolean {
  return status === 200 && headers['content-type'] === undefined
}

/** The id by which the gateway can be asked about a tunnel; undefined when it cannot, as a stock Pomerium. */
export function tunnelIdOf({ headers }: Pick<HttpAnswer, 'headers'>): string | undefined {
  const id = headers[tunnelIdHeader]
  return isTunnelId(id) ? id : undefined
}

/**
 * How long an answer may take, in milliseconds: a gateway may dial several upstreams meanwhile.
 *
 * @limit time for the answer to CONNECT: `gateway-unreachable`, the local connection is closed
 */
export const answerTimeoutMs = 60_000

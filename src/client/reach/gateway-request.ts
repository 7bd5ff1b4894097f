import { credentialFields } from '../../tunnel/headers.ts'
import { version } from '../../version.ts'
import { requestHttp1, type PlainRequest } from '../ways/http1.ts'
import type { Connector } from './connection.ts'
import type { GatewayAddress } from './destination.ts'
import type { HttpAnswer } from './http-answer.ts'

/** A request for one of the gateway's own paths. */
export interface GatewayRequest extends Pick<PlainRequest, 'method' | 'path'> {
  /** A form. */
  readonly body?: string | undefined
  readonly token?: string | undefined
  /** Longest answer that is read, in bytes; a refusal's unless given. */
  readonly maxBodyBytes?: number | undefined
}

/**
 * Sends a request over HTTP/1.1, on a connection of its own.
 *
 * @throws UpstreamError `gateway-unreachable` or `gateway-not-trusted`
 */
export type SendToGateway = (request: GatewayRequest, signal: AbortSignal) => Promise<HttpAnswer>

/**
 * Time for one answer, in milliseconds; Pomerium's client has the same.
 *
 * @limit time for one answer of the gateway's APIs: `gateway-unreachable`
 */
const timeoutMs = 10_000

/** Makes what the gateway's APIs are spoken to with. */
export function createSendToGateway(gateway: GatewayAddress, connector: Connector): SendToGateway {
  const common = {
    // Without a default port: stock Pomerium signs the address with what stands here.
    host: new URL(gateway.origin).host,
    'user-agent': `postern/${version}`,
    accept: 'application/json, text/plain',
  }
  return async ({ method, path, body, token, maxBodyBytes }, signal) => {
    const { socket } = await connector.open(['http/1.1'], signal)
    const fields = {
      ...common,
      ...(token === undefined ? {} : credentialFields(token)),
      ...(body === undefined ? {} : formFields(body)),
    }
    return requestHttp1(socket, { method, path, body, fields, timeoutMs, maxBodyBytes }, signal)
  }
}

function formFields(body: string): Record<string, string> {
  return {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(Buffer.byteLength(body)),
  }
}

/** Makes what fetches one of the gateway's own paths, without a token. */
export function createFetchPath(
  gateway: GatewayAddress,
  connector: Connector,
  signal: AbortSignal,
): (path: string) => Promise<HttpAnswer> {
  const send = createSendToGateway(gateway, connector)
  return (path) => send({ method: 'GET', path }, signal)
}

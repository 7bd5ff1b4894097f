import { credentialFields } from '../tunnel/headers.ts'
import { version } from '../version.ts'
import type { GatewayDialer } from './dialer.ts'
import { looksForeign, plainToTls, wantsTls, wasNoHttp, type HttpAnswer } from './http-answer.ts'
import { requestHttp1, type PlainRequest } from './plain-request.ts'

/** A request for one of the gateway's own paths. */
export interface GatewayRequest {
  readonly method: PlainRequest['method']
  readonly path: string
  readonly body?: string | undefined
  /** What the body is. **Default:** a form */
  readonly type?: string | undefined
  readonly token?: string | undefined
  /** Another credential, as `Authorization: Bearer` has it (RFC 6750). */
  readonly bearer?: string | undefined
  /** Longest answer that is read, in bytes; a refusal's unless given. */
  readonly maxBodyBytes?: number | undefined
}

/**
 * Sends a request over HTTP/1.1, on a connection of its own.
 *
 * @throws UpstreamError `gateway-unreachable` or `gateway-not-trusted`; PeerError `not-a-gateway`
 */
export type SendToGateway = (request: GatewayRequest, signal: AbortSignal) => Promise<HttpAnswer>

/**
 * Time for one answer, in milliseconds; Pomerium's client has the same.
 *
 * @limit time for one answer of the gateway's APIs: `gateway-unreachable`
 */
const timeoutMs = 10_000

/** Makes what the gateway's APIs are spoken to with. */
export function createSendToGateway(dialer: GatewayDialer): SendToGateway {
  const common = {
    // Without a default port: stock Pomerium signs the address with what stands here.
    host: new URL(dialer.gateway.origin).host,
    'user-agent': `postern/${version}`,
    accept: 'application/json, text/plain',
  }
  return async ({ method, path, body, type = formType, token, bearer, maxBodyBytes }, signal) => {
    const { socket } = await dialer.open(['http/1.1'], signal)
    const fields = {
      ...common,
      ...(token === undefined ? {} : credentialFields(token)),
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...(body === undefined ? {} : bodyFields(body, type)),
    }
    const asked = { method, path, body, fields, timeoutMs, maxBodyBytes }
    const answer = await requestHttp1(socket, asked, signal).catch((error: unknown) =>
      explain(error, dialer, signal),
    )
    if (!dialer.gateway.isTls && wantsTls(answer)) throw plainToTls(dialer.gateway)
    if (looksForeign(answer)) await refuseStranger(dialer, signal)
    return answer
  }
}

/**
 * Looks who answers where an answer does not look like a gateway's.
 *
 * @throws PeerError `not-a-gateway`
 */
async function refuseStranger(dialer: GatewayDialer, signal: AbortSignal): Promise<void> {
  const { strangerAt } = await import('./stranger.ts')
  const stranger = await strangerAt(dialer, signal)
  if (stranger !== undefined) throw stranger
}

async function explain(error: unknown, dialer: GatewayDialer, signal: AbortSignal): Promise<never> {
  if (wasNoHttp(error)) await refuseStranger(dialer, signal)
  throw error
}

const formType = 'application/x-www-form-urlencoded'

function bodyFields(body: string, type: string): Record<string, string> {
  return {
    'content-type': type,
    'content-length': String(Buffer.byteLength(body)),
  }
}

/** Makes what fetches one of the gateway's own paths, without a token. */
export function createFetchPath(
  dialer: GatewayDialer,
  signal: AbortSignal,
): (path: string) => Promise<HttpAnswer> {
  const send = createSendToGateway(dialer)
  return (path) => send({ method: 'GET', path }, signal)
}

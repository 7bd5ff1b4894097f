import type { Socket } from 'node:net'
import { credentialFields } from '../tunnel/headers.ts'
import { version } from '../version.ts'
import type { GatewayDialer } from './dialer.ts'
import {
  lossOf,
  noAnswer,
  plainToTls,
  readBody,
  toAnswer,
  wantsTls,
  type HttpAnswer,
  type RequestFields,
} from './http-answer.ts'

// `import … from 'node:http'` reads every export, and with them Node's whole fetch (40 ms).
const { request } = process.getBuiltinModule('node:http')

/** A request for one of the gateway's own paths. */
export interface GatewayRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
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
    const answer = await requestHttp1(socket, asked, signal)
    if (!dialer.gateway.isTls && wantsTls(answer)) throw plainToTls(dialer.gateway)
    return answer
  }
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

interface PlainRequest {
  readonly method: GatewayRequest['method']
  readonly path: string
  /** With `host`. */
  readonly fields: RequestFields
  readonly body?: string | undefined
  readonly timeoutMs: number
  /** Longest body of the answer that is read, in bytes; a refusal's unless given. */
  readonly maxBodyBytes?: number | undefined
}

/**
 * Sends one ordinary request on a connection of its own, and closes it.
 *
 * @throws UpstreamError `gateway-unreachable` when no answer comes in time
 */
function requestHttp1(
  socket: Socket,
  { method, path, fields, body, timeoutMs, maxBodyBytes }: PlainRequest,
  signal?: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise<HttpAnswer>((resolve, reject) => {
    const loss = lossOf(socket)
    if (loss !== undefined) return reject(noAnswer(loss))
    const timer = setTimeout(() => outgoing.destroy(new Error('no answer in time')), timeoutMs)
    const outgoing = request({
      // Node uses no agent, and this connection, only when no `agent` is named at all.
      createConnection: () => socket,
      method,
      path,
      headers: { ...fields, connection: 'close' },
      signal,
    })
    outgoing.on('close', () => clearTimeout(timer))
    outgoing.on('error', (error) => reject(noAnswer(error)))
    outgoing.on('response', (answer) => {
      void readBody(answer, undefined, maxBodyBytes).then((text) => resolve(toAnswer(answer, text)))
    })
    outgoing.end(body)
  }).finally(() => socket.destroy())
}

import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { UpstreamError, systemCode } from '../../errors.ts'
import {
  answerTimeoutMs,
  isTunnel,
  lossOf,
  NoAnswerError,
  readBody,
  tunnelIdOf,
  type ConnectAnswer,
  type HttpAnswer,
  type RequestFields,
} from '../reach/http-answer.ts'
import { wantsClientCertificate } from '../reach/tls-error.ts'

// `import … from 'node:http'` reads every export, and with them Node's whole fetch (40 ms).
const { request } = process.getBuiltinModule('node:http')

export interface PlainRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** With `host`. */
  readonly fields: RequestFields
  readonly body?: string | undefined
  readonly timeoutMs: number
  /** Longest body of the answer that is read, in bytes; a refusal's unless given. */
  readonly maxBodyBytes?: number | undefined
}

/** The answer to a CONNECT over HTTP/1.1; `id` is the tunnel's, where the gateway gives one. */
export type ConnectHttp1Answer = ConnectAnswer<Duplex> & { readonly id?: string | undefined }

/**
 * Asks for a tunnel on a connection of its own. The connection becomes the tunnel, or is gone.
 *
 * @throws UpstreamError `gateway-unreachable` when no answer comes
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6
 */
export function connectHttp1(
  socket: Socket,
  authority: string,
  fields: RequestFields,
  signal?: AbortSignal,
): Promise<ConnectHttp1Answer> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      clearTimeout(timer)
      socket.destroy()
      reject(lost(error))
    }
    const timer = setTimeout(() => fail(new Error('no answer in time')), answerTimeoutMs)
    const loss = lossOf(socket)
    if (loss !== undefined) return fail(loss)
    const outgoing = request({
      ...onSocket(socket),
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...fields },
      signal,
    })
    outgoing.on('error', fail)
    outgoing.on('connect', (answer, stream, head) => {
      clearTimeout(timer)
      if (head.length > 0) stream.unshift(head)
      const { statusCode: status = 0, headers } = answer
      if (isTunnel({ status, headers })) resolve({ tunnel: stream, id: tunnelIdOf({ headers }) })
      else void readRefusal(answer, stream).then((refusal) => resolve({ refusal }))
    })
    outgoing.end()
  })
}

/**
 * Sends one ordinary request on a connection of its own, and closes it.
 *
 * @throws UpstreamError `gateway-unreachable` when no answer comes in time
 */
export function requestHttp1(
  socket: Socket,
  { method, path, fields, body, timeoutMs, maxBodyBytes }: PlainRequest,
  signal?: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise<HttpAnswer>((resolve, reject) => {
    const loss = lossOf(socket)
    if (loss !== undefined) return reject(lost(loss))
    const timer = setTimeout(() => outgoing.destroy(new Error('no answer in time')), timeoutMs)
    const outgoing = request({
      ...onSocket(socket),
      method,
      path,
      headers: { ...fields, connection: 'close' },
      signal,
    })
    outgoing.on('close', () => clearTimeout(timer))
    outgoing.on('error', (error) => reject(lost(error)))
    outgoing.on('response', (answer) => {
      void readBody(answer, undefined, maxBodyBytes).then((text) => resolve(toAnswer(answer, text)))
    })
    outgoing.end(body)
  }).finally(() => socket.destroy())
}

/** Node uses no agent, and this connection, only when no `agent` is named at all. */
function onSocket(socket: Socket): { createConnection: () => Socket } {
  return { createConnection: () => socket }
}

/** Node takes whatever follows an answer to CONNECT for the tunnel's bytes, also that of a refusal. */
async function readRefusal(answer: IncomingMessage, stream: Duplex): Promise<HttpAnswer> {
  const length = Number(answer.headers['content-length'] ?? Number.NaN)
  const isChunked = answer.headers['transfer-encoding'] !== undefined
  const body = isChunked ? '' : await readBody(stream, Number.isNaN(length) ? undefined : length)
  stream.destroy()
  return toAnswer(answer, body)
}

function toAnswer(answer: IncomingMessage, body: string): HttpAnswer {
  return { status: answer.statusCode ?? 0, headers: answer.headers, body }
}

/** Ended by the peer, or answered with something that is no HTTP. */
function wasCut(cause: Error): boolean {
  return /^(?:ECONNRESET|EPIPE|HPE_.*)$/.test(systemCode(cause) ?? '')
}

function lost(cause: Error): UpstreamError {
  return wantsClientCertificate(cause)
    ? new UpstreamError('gateway-unreachable', 'the gateway asks for a client certificate', {
        cause,
        hint: 'give it with "--client-cert" and "--client-key"',
      })
    : new NoAnswerError(cause, wasCut(cause))
}

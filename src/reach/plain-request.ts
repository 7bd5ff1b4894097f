import type { Socket } from 'node:net'
import {
  lossOf,
  noAnswer,
  readBody,
  toAnswer,
  type HttpAnswer,
  type RequestFields,
} from './http-answer.ts'

// `import … from 'node:http'` reads every export, and with them Node's whole fetch (40 ms).
const { request } = process.getBuiltinModule('node:http')

export interface PlainRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
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
export function requestHttp1(
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

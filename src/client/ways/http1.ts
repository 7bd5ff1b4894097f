import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  lossOf,
  noAnswer,
  onSocket,
  readBody,
  toAnswer,
  type HttpAnswer,
  type RequestFields,
} from '../reach/http-answer.ts'
import { answerTimeoutMs, isTunnel, tunnelIdOf, type ConnectAnswer } from './way.ts'
import { connectMethod } from '../../net/target.ts'

// `import … from 'node:http'` reads every export, and with them Node's whole fetch (40 ms).
const { request } = process.getBuiltinModule('node:http')

/** The answer to a CONNECT over HTTP/1.1; `id` is the tunnel's, where the gateway gives one. */
export type ConnectHttp1Answer = ConnectAnswer & { readonly id?: string | undefined }

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
      reject(noAnswer(error))
    }
    const timer = setTimeout(() => fail(new Error('no answer in time')), answerTimeoutMs)
    const loss = lossOf(socket)
    if (loss !== undefined) return fail(loss)
    const outgoing = request({
      ...onSocket(socket),
      method: connectMethod,
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

/** Node takes whatever follows an answer to CONNECT for the tunnel's bytes, also that of a refusal. */
async function readRefusal(answer: IncomingMessage, stream: Duplex): Promise<HttpAnswer> {
  const length = Number(answer.headers['content-length'] ?? Number.NaN)
  const isChunked = answer.headers['transfer-encoding'] !== undefined
  const body = isChunked ? '' : await readBody(stream, Number.isNaN(length) ? undefined : length)
  stream.destroy()
  return toAnswer(answer, body)
}

import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { abandon } from '../../net/abandon.ts'
import { requestConnect } from '../../net/request-connect.ts'
import type { GatewayDialer } from '../../reach/dialer.ts'
import { lossOf, noAnswer, readBody, toAnswer, type HttpAnswer } from '../../reach/http-answer.ts'
import type { Aftermath } from './aftermath.ts'
import { createOwnConnections, type OwnConnections } from './own-connections.ts'
import { answerTimeoutMs, isTunnel, tunnelIdOf } from './way.ts'
import type { ConnectAnswer, TunnelRequest } from './way.ts'

/** CONNECT over HTTP/1.1, on a connection of its own for each tunnel. */
export function createHttp1Way(dialer: GatewayDialer): OwnConnections {
  function aftermathOf(requestId: string): Aftermath {
    return {
      requestId,
      hidesCuts: true,
      async whyCut(signal) {
        const [{ askWhy }, { createFetchPath }] = await Promise.all([
          import('./ask-why.ts'),
          import('../../reach/gateway-request.ts'),
        ])
        return askWhy(requestId, createFetchPath(dialer, signal))
      },
    }
  }

  return createOwnConnections({
    dialer,
    ask: (socket, request) => ask(socket, request, aftermathOf),
    cut(tunnel) {
      // A reset would take the last bytes of one that has ended in order along.
      const hasEnded = tunnel.readableEnded && tunnel.writableFinished
      if (hasEnded) tunnel.destroy()
      else abandon(tunnel, new Error('the client ends'))
    },
  })
}

/**
 * Asks for a tunnel on a connection of its own. The connection becomes the tunnel, or is gone.
 *
 * @throws UpstreamError `gateway-unreachable` when no answer comes
 */
function ask(
  socket: Socket,
  { authority, fields, signal }: TunnelRequest,
  aftermathOf: (id: string) => Aftermath,
): Promise<ConnectAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      clearTimeout(timer)
      socket.destroy()
      reject(noAnswer(error))
    }
    const timer = setTimeout(() => fail(new Error('no answer in time')), answerTimeoutMs)
    const loss = lossOf(socket)
    if (loss !== undefined) return fail(loss)
    requestConnect(socket, { authority, fields, signal }).then((answer) => {
      clearTimeout(timer)
      const { statusCode: status = 0, headers } = answer
      if (!isTunnel({ status, headers })) {
        void readRefusal(answer, socket).then((refusal) => resolve({ refusal }))
        return
      }
      const id = tunnelIdOf({ headers })
      resolve({ tunnel: socket, aftermath: id === undefined ? undefined : aftermathOf(id) })
    }, fail)
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

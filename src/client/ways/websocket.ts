import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { formatTunnelPath, tunnelProtocol } from '../../tunnel/websocket.ts'
import { tunnelOverWebSocket, webSocketBounds } from '../../tunnel/websocket-stream.ts'
import { WebSocket } from '../../tunnel/ws.ts'
import type { GatewayDialer } from '../../reach/dialer.ts'
import { lossOf, NoAnswerError, readBody, type RequestFields } from '../../reach/http-answer.ts'
import type { Aftermath } from './aftermath.ts'
import { createOwnConnections } from './own-connections.ts'
import { answerTimeoutMs, tunnelIdOf, type ConnectAnswer, type TunnelWay } from './way.ts'

/** A WebSocket for each tunnel, on a connection of its own. */
export function createWebSocketWay(dialer: GatewayDialer): TunnelWay {
  const host = new URL(dialer.gateway.origin).host

  function aftermathOf(requestId: string, lastWords: WebSocketAnswer['lastWords']): Aftermath {
    return {
      requestId,
      hidesCuts: false,
      async whyCut(signal) {
        const [{ askAfterClose }, { createFetchPath }] = await Promise.all([
          import('./ask-why.ts'),
          import('../../reach/gateway-request.ts'),
        ])
        return askAfterClose(lastWords?.(), requestId, createFetchPath(dialer, signal))
      },
    }
  }

  return createOwnConnections({
    dialer,
    async ask(socket, { authority, fields, signal }) {
      const answer = await connectWebSocket(socket, authority, { ...fields, host }, signal)
      const { tunnel, id, lastWords } = answer
      if (tunnel === undefined) return answer
      return { tunnel, aftermath: id === undefined ? undefined : aftermathOf(id, lastWords) }
    },
    cut: (tunnel) => tunnel.destroy(),
  })
}

/** What the gateway may have under way unread, in bytes; as over HTTP/2. */
const windowBytes = 4 * 1024 * 1024

/** The answer to it, with the tunnel's id where the gateway gives one. */
export type WebSocketAnswer = ConnectAnswer & {
  readonly id?: string | undefined
  /** What the other side has closed it with. */
  readonly lastWords?: () => Uint8Array | undefined
}

/**
 * Asks for a tunnel over a WebSocket, on a connection of its own that is verified already. The
 * connection becomes the tunnel, or is gone. `fields` have the `host`.
 *
 * @throws NoAnswerError
 */
export function connectWebSocket(
  socket: Socket,
  authority: string,
  fields: RequestFields,
  signal: AbortSignal,
): Promise<WebSocketAnswer> {
  // Not "wss:": the connection has its TLS already.
  const url = `ws://${fields['host'] ?? 'gateway'}${formatTunnelPath(authority)}`
  const webSocket = new WebSocket(url, [tunnelProtocol], {
    ...webSocketBounds,
    createConnection: () => socket,
    headers: { ...fields },
  })
  return new Promise((resolve, reject) => {
    const fail = (cause: Error, wasCut: boolean): void => {
      release()
      webSocket.terminate()
      socket.destroy()
      reject(new NoAnswerError(cause, wasCut))
    }
    const timer = setTimeout(() => fail(new Error('no answer in time'), false), answerTimeoutMs)
    const onAbort = (): void => fail(new Error('cancelled', { cause: signal.reason }), false)
    const onError = (error: Error): void => fail(error, true)
    const release = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      webSocket.off('error', onError).on('error', ignore)
    }
    webSocket.on('error', onError)
    let id: string | undefined
    webSocket.once('upgrade', (answer) => (id = tunnelIdOf(answer)))
    webSocket.once('open', () => {
      release()
      let lastWords: Uint8Array | undefined
      webSocket.on('close', (_code, words) => (lastWords = words))
      const tunnel = tunnelOverWebSocket(webSocket, windowBytes)
      resolve({ tunnel, id, lastWords: () => lastWords })
    })
    webSocket.once('unexpected-response', (_request: ClientRequest, answer: IncomingMessage) => {
      void readBody(answer).then((body) => {
        release()
        socket.destroy()
        resolve({ refusal: { status: answer.statusCode ?? 0, headers: answer.headers, body } })
      })
    })
    const loss = lossOf(socket)
    if (loss !== undefined) fail(loss, true)
    else if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
  })
}

function ignore(): void {
  // Its end is reported by the tunnel, or was already.
}

import type { Socket } from 'node:net'
import type { Logger } from '../../log.ts'
import type { GatewayDialer } from '../../reach/dialer.ts'
import { NoAnswerError } from '../../reach/http-answer.ts'
import { createHttp2Way } from './http2.ts'
import { SilentError } from './http2-probe.ts'
import type { OwnConnections } from './own-connections.ts'
import type { ConnectAnswer, TunnelRequest, TunnelWay } from './way.ts'

/**
 * CONNECT, over HTTP/2 where that passes. A gateway that does not offer it, or whose CONNECT over HTTP/2
 * breaks on the way, is spoken to in HTTP/1.1, one connection a tunnel, for the rest of the process.
 */
export function createConnectWay(dialer: GatewayDialer, log: Logger): TunnelWay {
  let isHttp1Only = !dialer.gateway.isTls
  let isEnding = false
  /** The connection on which the gateway chose HTTP/1.1, until a tunnel takes it. */
  let leftover: Socket | undefined
  let http1Way: Promise<OwnConnections> | undefined
  const http2Way = createHttp2Way({
    dialer,
    log,
    onHttp1(socket) {
      isHttp1Only = true
      leftover = socket
      // Whoever waits takes it within this turn. When all have left, the next one to ask would find it
      // ended by the gateway long since.
      setImmediate(() => dropLeftover(socket))
    },
  })

  function dropLeftover(socket: Socket): void {
    if (leftover !== socket) return
    leftover = undefined
    socket.destroy()
  }

  async function overHttp1(request: TunnelRequest): Promise<ConnectAnswer> {
    const ready = leftover
    leftover = undefined
    http1Way ??= import('./http1.ts').then(({ createHttp1Way }) => createHttp1Way(dialer))
    const way = await http1Way
    if (isEnding) way.destroy()
    return ready === undefined ? way.connect(request) : way.connectOn(ready, request)
  }

  return {
    async connect(request) {
      let broken: NoAnswerError | undefined
      if (!isHttp1Only) {
        try {
          return await http2Way.connect(request)
        } catch (error) {
          if (!(error instanceof NoAnswerError)) throw error
          broken = error
        }
      }
      request.signal.throwIfAborted()
      const fallback = await overHttp1(request)
      // Remembered only now: a network that is down breaks both, and says nothing about HTTP/2. Nor does
      // silence: the network may just have changed.
      if (broken?.cause instanceof SilentError) return fallback
      if (!isHttp1Only) log.info('HTTP/2 does not pass on the way to the gateway, using HTTP/1.1')
      isHttp1Only = true
      return fallback
    },
    leaveConnections: () => http2Way.leaveConnections(),
    destroy() {
      isEnding = true
      leftover?.destroy()
      http2Way.destroy()
      // What could not be loaded has nothing to destroy.
      void http1Way?.then((way) => way.destroy()).catch(() => undefined)
    },
  }
}

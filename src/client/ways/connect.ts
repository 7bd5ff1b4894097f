import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { AppError, messageOf } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import { abandon } from '../../net/relay.ts'
import type { Aftermath } from './aftermath.ts'
import type { TunnelSession } from './http2-session.ts'
import type { GatewayDialer } from '../reach/dialer.ts'
import { SilentError } from './http2-probe.ts'
import type { ConnectAnswer, TunnelRequest, TunnelWay } from './way.ts'

/**
 * Most HTTP/2 connections one tunnel may open before it is content with HTTP/1.1: a gateway may send
 * connections away as soon as they stand, or allow no streams on them.
 *
 * @limit HTTP/2 connections tried for one tunnel: HTTP/1.1 is used
 */
const maxOpenings = 8

/**
 * CONNECT. Prefers HTTP/2: there an end and an abort differ, and one connection serves many tunnels. A gateway
 * that does not offer it, or whose CONNECT over HTTP/2 breaks on the way, is spoken to in HTTP/1.1,
 * one connection a tunnel, for the rest of the process.
 */
export function createConnectTransport(dialer: GatewayDialer, log: Logger): TunnelWay {
  const sessions = new Set<TunnelSession>()
  /** Each has a connection of its own, which nothing else knows. */
  const http1Tunnels = new Set<Duplex>()
  /** Ends a connection that is still being made: it belongs to everybody who waits, not to one. */
  const ending = new AbortController()
  let isHttp1Only = !dialer.gateway.isTls
  let opening: Promise<void> | undefined
  /** The connection on which the gateway chose HTTP/1.1, until a tunnel takes it. */
  let leftover: Socket | undefined

  async function openSession(): Promise<void> {
    const { socket, protocol } = await dialer.open(['h2', 'http/1.1'], ending.signal)
    if (protocol === 'http/1.1') {
      isHttp1Only = true
      leftover = socket
      // Whoever waits takes it within this turn. When all have left, the next one to ask would find it
      // ended by the gateway long since.
      setImmediate(() => dropLeftover(socket))
      return
    }
    // Each HTTP version is a good part of the start, and one process rarely needs both.
    const { startTunnelSession } = await import('./http2-session.ts')
    if (ending.signal.aborted) {
      socket.destroy()
      throw new Error('the client ends', { cause: ending.signal.reason })
    }
    sessions.add(startTunnelSession(socket, dialer.gateway.origin))
  }

  function dropLeftover(socket: Socket): void {
    if (leftover !== socket) return
    leftover = undefined
    socket.destroy()
  }

  /** Those who ask while one connection is being made share it. */
  function openShared(): Promise<void> {
    opening ??= openSession().finally(() => (opening = undefined))
    return opening
  }

  function usableSession(): TunnelSession | undefined {
    for (const session of sessions) {
      if (session.isUsable) return session
      if (session.isGone) sessions.delete(session)
    }
    return undefined
  }

  /** No answer when the gateway chose HTTP/1.1, or HTTP/2 broke before one: what broke it. */
  async function overHttp2(request: TunnelRequest): Promise<OverHttp2> {
    const { authority, fields, signal } = request
    for (let openings = 0; openings < maxOpenings;) {
      if (isHttp1Only) break
      const session = usableSession()
      if (session === undefined) {
        openings += 1
        await openShared()
        continue
      }
      try {
        return { answer: await session.connect(authority, fields, signal) }
      } catch (error) {
        if (signal.aborted || error instanceof AppError) throw error
        log.debug(`HTTP/2 broke before an answer: ${messageOf(error)}`)
        session.retire()
        // One that worked before may just have ended, or the network has changed; a new one deserves the
        // same try. No byte of the program has been sent.
        if (!session.hasAnswered) return { broken: error }
      }
    }
    return {}
  }

  async function overHttp1({ authority, fields, signal }: TunnelRequest): Promise<ConnectAnswer> {
    const ready = leftover
    leftover = undefined
    const socket = ready ?? (await dialer.open(['http/1.1'], signal)).socket
    const { connectHttp1 } = await import('./http1.ts')
    const answer = await connectHttp1(socket, authority, fields, signal)
    const { tunnel, id } = answer
    if (tunnel === undefined) return answer
    http1Tunnels.add(tunnel)
    tunnel.once('close', () => http1Tunnels.delete(tunnel))
    if (ending.signal.aborted) tunnel.destroy()
    return { tunnel, aftermath: id === undefined ? undefined : aftermathOf(id) }
  }

  function aftermathOf(requestId: string): Aftermath {
    return {
      requestId,
      hidesCuts: true,
      async whyCut(signal) {
        const [{ askWhy }, { createFetchPath }] = await Promise.all([
          import('./ask-why.ts'),
          import('../reach/gateway-request.ts'),
        ])
        return askWhy(requestId, createFetchPath(dialer, signal))
      },
    }
  }

  return {
    async connect(request) {
      const { answer, broken } = await overHttp2(request)
      if (answer !== undefined) return answer
      request.signal.throwIfAborted()
      const fallback = await overHttp1(request)
      // Remembered only now: a network that is down breaks both, and says nothing about HTTP/2. Nor does
      // silence: the network may just have changed.
      if (broken instanceof SilentError) return fallback
      if (!isHttp1Only) log.info('HTTP/2 does not pass on the way to the gateway, using HTTP/1.1')
      isHttp1Only = true
      return fallback
    },
    destroy() {
      ending.abort(new Error('the client ends'))
      leftover?.destroy()
      for (const tunnel of http1Tunnels) {
        // A reset would take the last bytes of one that has ended in order along.
        const hasEnded = tunnel.readableEnded && tunnel.writableFinished
        if (hasEnded) tunnel.destroy()
        else abandon(tunnel, new Error('the client ends'))
      }
      for (const session of sessions) session.destroy()
      sessions.clear()
    },
  }
}

interface OverHttp2 {
  readonly answer?: ConnectAnswer
  readonly broken?: unknown
}

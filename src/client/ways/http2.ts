import type { Socket } from 'node:net'
import { AppError, messageOf } from '../../errors.ts'
import type { Logger } from '../../log.ts'
import type { GatewayDialer } from '../../reach/dialer.ts'
import { NoAnswerError } from '../../reach/http-answer.ts'
import { SilentError } from './http2-probe.ts'
import type { TunnelSession } from './http2-session.ts'
import type { TunnelWay } from './way.ts'

export interface Http2WayOptions {
  readonly dialer: GatewayDialer
  readonly log: Logger
  /** Takes over the connection on which the gateway chose HTTP/1.1; called before anybody is told. */
  readonly onHttp1: (socket: Socket) => void
}

/** The gateway offers no HTTP/2, or lets no tunnel stand on it. */
export class NoHttp2Error extends NoAnswerError {
  constructor() {
    super(new Error('it offers no HTTP/2'), true)
  }
}

/**
 * Most HTTP/2 connections one tunnel may open before it is content with HTTP/1.1: a gateway may send
 * connections away as soon as they stand, or allow no streams on them.
 *
 * @limit HTTP/2 connections tried for one tunnel: HTTP/1.1 is used
 */
const maxOpenings = 8

/**
 * CONNECT over HTTP/2: an end and an abort differ, and one connection serves many tunnels. Throws a
 * `NoAnswerError` where HTTP/2 breaks before an answer, with what broke it as the cause.
 */
export function createHttp2Way({ dialer, log, onHttp1 }: Http2WayOptions): TunnelWay {
  const sessions = new Set<TunnelSession>()
  /** Ends a connection that is still being made: it belongs to everybody who waits, not to one. */
  const ending = new AbortController()
  let isOffered = dialer.gateway.isTls
  let opening: Promise<void> | undefined

  async function openSession(): Promise<void> {
    const { socket, protocol } = await dialer.open(['h2', 'http/1.1'], ending.signal)
    if (protocol === 'http/1.1') {
      isOffered = false
      onHttp1(socket)
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

  /** Those who ask while one connection is being made share it. */
  function openShared(): Promise<void> {
    if (opening !== undefined) return opening
    const own = openSession().finally(() => {
      if (opening === own) opening = undefined
    })
    opening = own
    return own
  }

  function usableSession(): TunnelSession | undefined {
    for (const session of sessions) {
      if (session.isUsable) return session
      if (session.isGone) sessions.delete(session)
    }
    return undefined
  }

  return {
    async connect({ authority, fields, signal }) {
      for (let openings = 0; openings < maxOpenings;) {
        if (!isOffered) break
        const session = usableSession()
        if (session === undefined) {
          openings += 1
          await openShared()
          continue
        }
        try {
          return await session.connect(authority, fields, signal)
        } catch (error) {
          if (signal.aborted || error instanceof AppError) throw error
          log.debug(`HTTP/2 broke before an answer: ${messageOf(error)}`)
          session.retire()
          // One that worked before may just have ended, or the network has changed; a new one deserves the
          // same try. No byte of the program has been sent.
          if (!session.hasAnswered) throw noAnswer(error)
        }
      }
      throw new NoHttp2Error()
    },
    leaveConnections() {
      // Whoever waits for it may have it yet; nobody else waits for one on a network that may be gone.
      opening = undefined
      for (const session of sessions) session.retire()
    },
    destroy() {
      ending.abort(new Error('the client ends'))
      for (const session of sessions) session.destroy()
      sessions.clear()
    },
  }
}

function noAnswer(error: unknown): NoAnswerError {
  const cause = error instanceof Error ? error : new Error(messageOf(error))
  return new NoAnswerError(cause, !(cause instanceof SilentError))
}

import type { ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { createPinger, pingsOfGateway } from '../../net/http2-ping.ts'

export interface KeepAliveOptions {
  /** Milliseconds between two PINGs. */
  readonly intervalMs: number
  /** A connection without a stream for this long is closed, in milliseconds; 0 for never. */
  readonly idleTimeoutMs: number
}

/**
 * Pings an HTTP/2 connection and ends it when nothing comes back: TCP keepalive alone does not see a
 * peer whose program hangs, or an edge that answers for it.
 *
 * A session that is over lets go of its connection only when the peer ends it too, which a peer need
 * not do; so the connection itself, `socket`, is destroyed at the next look.
 */
export function keepSessionAlive(
  session: ServerHttp2Session,
  socket: Pick<Socket, 'bytesRead' | 'destroy' | 'once'>,
  { intervalMs, idleTimeoutMs }: KeepAliveOptions,
): void {
  const ping = createPinger(session, socket, pingsOfGateway(intervalMs))
  let streams = 0
  let idleSinceMs = performance.now()
  let lastPingMs = performance.now()
  session.on('stream', (stream) => {
    streams += 1
    stream.once('close', () => {
      streams -= 1
      idleSinceMs = performance.now()
    })
  })
  const lookMs = idleTimeoutMs > 0 ? Math.min(intervalMs, idleTimeoutMs) : intervalMs
  const isIdle = (): boolean =>
    idleTimeoutMs > 0 && streams === 0 && performance.now() - idleSinceMs >= idleTimeoutMs

  function look(): void {
    if (session.destroyed || (session.closed && streams === 0)) socket.destroy()
    else if (isIdle()) session.close()
    // Rather early than a whole look later: timers are not exact.
    else if (performance.now() - lastPingMs >= intervalMs - lookMs / 2) pingOrDrop()
  }

  function pingOrDrop(): void {
    lastPingMs = performance.now()
    if (!ping()) socket.destroy()
  }

  const timer = setInterval(look, lookMs).unref()
  socket.once('close', () => clearInterval(timer))
}

import type { ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'

export interface KeepAliveOptions {
  /** Milliseconds between two PINGs. */
  readonly intervalMs: number
  /** A connection without a stream for this long is closed, in milliseconds; 0 for never. */
  readonly idleTimeoutMs: number
}

/**
 * Pings an HTTP/2 connection and ends it when the last PING was not answered by the next one: TCP
 * keepalive alone does not see a peer whose program hangs, or an edge that answers for it.
 *
 * A session that is over lets go of its connection only when the peer ends it too, which a peer need
 * not do; so the connection itself, `socket`, is destroyed at the next look.
 */
export function keepSessionAlive(
  session: ServerHttp2Session,
  socket: Pick<Socket, 'destroy' | 'once'>,
  { intervalMs, idleTimeoutMs }: KeepAliveOptions,
): void {
  let isWaiting = false
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
  const isIdle = (): boolean =>
    idleTimeoutMs > 0 && streams === 0 && performance.now() - idleSinceMs >= idleTimeoutMs

  function look(): void {
    if (session.destroyed || (session.closed && streams === 0)) socket.destroy()
    else if (isIdle()) session.close()
    else if (performance.now() - lastPingMs >= intervalMs) ping()
  }

  function ping(): void {
    lastPingMs = performance.now()
    if (isWaiting) socket.destroy()
    else isWaiting = session.ping(() => (isWaiting = false))
  }

  const lookMs = idleTimeoutMs > 0 ? Math.min(intervalMs, idleTimeoutMs) : intervalMs
  const timer = setInterval(look, lookMs).unref()
  socket.once('close', () => clearInterval(timer))
}

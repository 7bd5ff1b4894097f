import type { ServerHttp2Session } from 'node:http2'

export interface KeepAliveOptions {
  /** Milliseconds between two PINGs. */
  readonly intervalMs: number
  /** A connection without a stream for this long is closed, in milliseconds; 0 for never. */
  readonly idleTimeoutMs: number
}

/**
 * Pings an HTTP/2 connection and ends it when the last PING was not answered by the next one: TCP
 * keepalive alone does not see a peer whose program hangs, or an edge that answers for it.
 */
export function keepSessionAlive(session: ServerHttp2Session, options: KeepAliveOptions): void {
  const { intervalMs, idleTimeoutMs } = options
  let isWaiting = false
  let streams = 0
  let idleSinceMs = performance.now()
  session.on('stream', (stream) => {
    streams += 1
    stream.once('close', () => {
      streams -= 1
      idleSinceMs = performance.now()
    })
  })
  const checkMs = idleTimeoutMs > 0 ? Math.min(intervalMs, idleTimeoutMs) : intervalMs
  let sincePingMs = 0
  const timer = setInterval(() => {
    if (idleTimeoutMs > 0 && streams === 0 && performance.now() - idleSinceMs >= idleTimeoutMs) {
      session.close()
      return
    }
    sincePingMs += checkMs
    if (sincePingMs < intervalMs) return
    sincePingMs = 0
    if (isWaiting) {
      session.destroy(new Error('no answer to PING'))
      return
    }
    isWaiting = session.ping(() => {
      isWaiting = false
    })
  }, checkMs)
  timer.unref()
  session.once('close', () => clearInterval(timer))
}

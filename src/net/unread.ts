import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { connectionBeneath } from './beneath.ts'
import type { Direction, TunnelBytes } from './direction.ts'
import { onceHeard } from './runtime.ts'

/**
 * How often connections that nobody reads are looked at, in milliseconds. libuv polls none of them: a reset, or the
 * failure of TCP's keepalive, waits there unheard.
 *
 * @limit time until a reset, or that keepalive found nobody, is noticed on a TCP connection that is not
 * being read because the other side has stopped, or that nobody takes what a client over HTTP/2 had said
 * before it closed: the tunnel ends
 */
export const defaultLookIntervalMs = 30_000

export interface UnreadOptions {
  /** Milliseconds between two looks. **Default:** 30 s */
  readonly lookIntervalMs?: number | undefined
  /**
   * Longest time, in milliseconds, that bytes wait for an upstream that does not read while none moves
   * either way; 0 for any. Asked at each look. A client that was killed behind bytes of its own looks
   * like one that waits: its FIN stands behind them.
   */
  readonly stallTimeoutMs?: (() => number) | undefined
}

/**
 * Looks at a tunnel's sources while they are not read, so that a lost one emits its error; calls
 * `onStall` when the way up has stood still for too long. Answers what ends the watch.
 */
export function watchUnread(
  up: Direction,
  down: Direction,
  bytes: TunnelBytes,
  { lookIntervalMs = defaultLookIntervalMs, stallTimeoutMs }: UnreadOptions,
  onStall: () => void,
): () => void {
  let moved = -1
  let movedAtMs = 0
  let forgetLook: (() => void) | undefined
  const hasStalled = (): boolean => {
    const nowMs = performance.now()
    if (!up.source.isPaused() || bytes.up + bytes.down !== moved) {
      moved = bytes.up + bytes.down
      movedAtMs = nowMs
    }
    const limitMs = stallTimeoutMs?.() ?? 0
    return limitMs > 0 && nowMs - movedAtMs >= limitMs
  }
  const timer = setInterval(() => {
    for (const { source, state } of [up, down]) {
      // Anything but `open`: the end of the source has been read.
      if (source.isPaused() || state !== 'open') askUnread(source)
    }
    // A process that stood still for a while first hears of the bytes that have moved meanwhile.
    if (hasStalled()) forgetLook = onceHeard(() => hasStalled() && onStall())
  }, lookIntervalMs).unref()
  return () => {
    clearInterval(timer)
    forgetLook?.()
  }
}

const nothing = Buffer.alloc(0)

/**
 * Asks whether a connection that is not read has failed, by writing nothing to it: the system answers with
 * the failure (`tcp_sendmsg` looks at `sk_err` first), and the stream emits it as its `error`. Says
 * nothing where our direction has ended, and where bytes wait to be sent: those are told by themselves.
 */
function askUnread(stream: Duplex): void {
  if (!(stream instanceof Socket) || !stream.writable || stream.writableLength > 0) return
  // TLS keeps the answer to itself.
  const connection = stream instanceof TLSSocket ? connectionBeneath(stream)?.connection : stream
  if (connection === undefined || connection.destroyed) return
  connection.write(nothing, (error) => {
    if (error) stream.destroy(error)
  })
}

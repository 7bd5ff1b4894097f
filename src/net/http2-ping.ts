import type { Http2Session } from 'node:http2'
import type { Socket } from 'node:net'

/**
 * How often an HTTP/2 connection is pinged, in milliseconds: as WebSockets are. Edges cut a connection
 * without traffic after 50 s (HAProxy as Debian packages it) or a minute.
 *
 * @limit time in which an HTTP/2 connection is asked whether its other side is there: a PING, the
 * gateway's or else the client's
 */
export const pingIntervalMs = 25_000
/**
 * Looks in a row that find nothing received, before a peer counts as lost. Any byte counts: the answer to
 * a PING stands behind what its peer sends, which takes long over a slow line.
 *
 * @limit intervals of 25 s without a byte over HTTP/2, however often it was asked: its tunnels are
 * reset
 */
const maxSilentIntervals = 2

export interface PingerOptions {
  /** How often the pinger is called in one interval. */
  readonly looksPerInterval: number
  /** Sends no PING for so long after one of either side, in milliseconds. */
  readonly quietMs: number
  /** A clock, which may be put back. **Default:** the process's own, which is not */
  readonly nowMs?: () => number
}

/**
 * The gateway pings, and its client only where nobody else does, such as before a gateway of another
 * make: one PING and its answer are traffic both ways.
 */
export const pingsOfGateway = (intervalMs: number): PingerOptions => ({
  looksPerInterval: 1,
  quietMs: intervalMs / 2,
})
/** Looks twice as often, so that a connection is never quiet for more than 1.6 intervals. */
export const pingsOfClient = (intervalMs: number): PingerOptions => ({
  looksPerInterval: 2,
  quietMs: intervalMs * 1.1,
})

/** Answers what is to be called at each look: it pings when it is time, and tells whether the peer is there. */
export function createPinger(
  session: Http2Session,
  connection: Pick<Socket, 'bytesRead'>,
  { looksPerInterval, quietMs, nowMs = () => performance.now() }: PingerOptions,
): () => boolean {
  let received = connection.bytesRead
  let silentLooks = 0
  let pingedAtMs = -Infinity
  session.on('ping', () => (pingedAtMs = nowMs()))
  return () => {
    // Counted, not timed: a process that was stopped for an hour has not listened for an hour.
    silentLooks = connection.bytesRead === received ? silentLooks + 1 : 0
    received = connection.bytesRead
    if (silentLooks > maxSilentIntervals * looksPerInterval) return false
    const lookedAtMs = nowMs()
    const quietForMs = lookedAtMs - pingedAtMs
    // A clock that was put back does not say how long it was.
    if ((quietForMs >= quietMs || quietForMs < 0) && !session.destroyed) {
      pingedAtMs = lookedAtMs
      session.ping(ignore)
    }
    return true
  }
}

function ignore(): void {
  // Whether an answer came shows in what was received.
}

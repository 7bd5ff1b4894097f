// Finds hosts that are gone while bytes are on their way to them. TCP's keepalive keeps still as long as
// anything is unacknowledged, and Linux sends again for 15 minutes before it says so (`tcp_retries2`).
// TCP_USER_TIMEOUT would end that sooner, but Node cannot set it. What the kernel shows of each connection
// tells as much: what it sends again, and how often it has done so without an answer.
//
//   it sends again                  a living host
//   bytes                           acknowledges some of them
//   questions about a window of 0   answers each; its reader may stop for as long as it likes
//
// Either sets the count back to 0. Elsewhere than on Linux the system's own limit stays.
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { inPieces } from '../in-pieces.ts'
import { readTcpTables, rowKeysOf, rowsOf, sendingOf, tcpEndpointsOf } from './proc-tcp.ts'

/** @limit none: see `maxVainLooks` */
const defaultLookIntervalMs = 30_000
/**
 * RFC 1122 section 4.2.3.5 asks for at least 100 s of retransmissions; five looks are two minutes apart.
 *
 * @limit looks in a row, one each 30 s, that find bytes sent again to a host that answers none, over
 * TCP on Linux: the tunnel ends
 */
const maxVainLooks = 5
/** @limit none: fewer attempts than these say nothing about a host, however many looks have passed */
const minVainAttempts = 3

export interface LostHostsOptions {
  /** Milliseconds between two looks at all connections. **Default:** 30 s */
  readonly lookIntervalMs?: number
  /** Reads the kernel's tables. */
  readonly readTables?: () => Promise<readonly string[]>
}

export interface LostHosts {
  /**
   * Calls `onLost` when a stream's host is gone: of TCP connections to other machines, and TLS on them.
   * Answers what ends the watch.
   */
  watch(stream: Duplex, onLost: (error: Error) => void): () => void
}

interface Side {
  readonly socket: Socket
  /** By which its row is found, in either table. */
  readonly keys: readonly string[]
  readonly onLost: (error: Error) => void
  received: number
  /** What had been sent when the kernel had all of it acknowledged. */
  settled: number
  /** What the kernel had sent in vain at the last look, and looks in a row at which that never fell. */
  vainAttempts: number
  vainLooks: number
}

/** Looks at all connections together: the tables are read once for all, and only while somebody waits. */
export function createLostHosts({
  lookIntervalMs = defaultLookIntervalMs,
  readTables = readTcpTables,
}: LostHostsOptions = {}): LostHosts {
  const sides = new Set<Side>()
  let timer: NodeJS.Timeout | undefined
  let isLooking = false

  const lookOnce = async (): Promise<void> => {
    if (isLooking) return
    isLooking = true
    // Where there is no table, nothing is known.
    await look(sides, readTables, lookIntervalMs).catch(() => undefined)
    isLooking = false
  }
  return {
    watch(stream, onLost) {
      const side = sideOf(stream, onLost)
      if (side === undefined) return () => undefined
      sides.add(side)
      timer ??= setInterval(() => void lookOnce(), lookIntervalMs).unref()
      return () => {
        sides.delete(side)
        if (sides.size > 0) return
        clearInterval(timer)
        timer = undefined
      }
    },
  }
}

/** Those of all tunnels of this process. */
export const lostHosts = createLostHosts()

function sideOf(stream: Duplex, onLost: (error: Error) => void): Side | undefined {
  const endpoints = stream instanceof Socket ? tcpEndpointsOf(stream) : undefined
  // This machine is never gone.
  if (endpoints === undefined || endpoints.localAddress === endpoints.remoteAddress)
    return undefined
  const keys = rowKeysOf(endpoints)
  const counts = { received: 0, settled: 0, vainAttempts: 0, vainLooks: 0 }
  return { socket: stream as Socket, keys, onLost, ...counts }
}

async function look(
  sides: ReadonlySet<Side>,
  readTables: () => Promise<readonly string[]>,
  lookIntervalMs: number,
): Promise<void> {
  const waiting = new Map<string, { readonly side: Side; readonly sent: number }>()
  await inPieces(sides, (side) => {
    const sent = sentTo(side.socket)
    if (hasSpoken(side)) side.vainLooks = 0
    if (sent === side.settled) side.vainLooks = 0
    else for (const key of side.keys) waiting.set(key, { side, sent })
  })
  if (waiting.size === 0) return
  for (const table of await readTables()) {
    await inPieces(rowsOf(table), ({ key, rest }) => {
      const found = waiting.get(key)
      // Between two pieces its tunnel may have ended.
      if (found === undefined || !sides.has(found.side)) return
      if (isGone(found.side, found.sent, rest, lookIntervalMs)) found.side.onLost(timedOut())
    })
  }
}

/** What has been sent to a peer: bytes, and the end. */
function sentTo(socket: Socket): number {
  return socket.bytesWritten + (socket.writableFinished ? 1 : 0)
}

/** Whether a peer has said something since the last look; it may be gone since. */
function hasSpoken(side: Side): boolean {
  const { bytesRead } = side.socket
  const hasSpoken = bytesRead !== side.received
  side.received = bytesRead
  return hasSpoken
}

function isGone(side: Side, sent: number, row: string, lookIntervalMs: number): boolean {
  const { unacknowledged, vainAttempts, timeoutMs } = sendingOf(row)
  if (unacknowledged === 0) side.settled = sent
  const isStill = vainAttempts > 0 && vainAttempts >= side.vainAttempts
  side.vainLooks = isStill ? side.vainLooks + 1 : Math.min(vainAttempts, 1)
  side.vainAttempts = vainAttempts
  // The wait doubles from one attempt to the next: at least half of all the time is the last one. A shorter
  // one means that answers came between two looks.
  const vainMs = (side.vainLooks - 1) * lookIntervalMs
  return (
    side.vainLooks >= maxVainLooks &&
    vainAttempts >= minVainAttempts &&
    (timeoutMs === undefined || 2 * timeoutMs >= vainMs)
  )
}

function timedOut(): Error {
  const message = 'write ETIMEDOUT: its host acknowledges nothing of what was sent again and again'
  return Object.assign(new Error(message), { code: 'ETIMEDOUT', syscall: 'write' })
}

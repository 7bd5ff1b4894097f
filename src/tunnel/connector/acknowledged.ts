import type { Socket } from 'node:net'
import { findRow, rowKeysOf, sendingOf, tcpEndpointsOf } from '../../net/proc-tcp.ts'

/**
 * Less than this on its way, in bytes, keeps no answer waiting for seconds: a host acknowledges a PING whose
 * program hangs.
 */
const minBacklogBytes = 16 * 1024

/** Asks the kernel about one connection, on Linux. */
export interface Acknowledged {
  /** How often it has said that the peer acknowledges what is on its way. */
  readonly times: number
  /** Asks once, where more may be on its way than counts; the answer comes later, in `times`. Never rejects. */
  ask(): Promise<void>
  /** Something has come: what was on its way until then says nothing of later. */
  forget(): void
}

/**
 * Tells a slow line from a dead one: what we say to its peer may stand in the kernel for half a minute,
 * behind uploads, and its answer with it. What is on its way and has not been sent again was acknowledged
 * until now. A window that is shut is no sign by itself, since whoever speaks HTTP/2 reads all that comes; but
 * something between may pass on slowly what it has taken: then what is on its way becomes less.
 */
export function watchAcknowledged(socket: Socket, find = findRow): Acknowledged {
  const endpoints = tcpEndpointsOf(socket)
  const keys = endpoints === undefined ? [] : rowKeysOf(endpoints)
  let times = 0
  let before = 0
  let isAsking = false

  function take(row: string): void {
    const { unacknowledged, vainAttempts, isWindowShut } = sendingOf(row)
    const isFlowing = unacknowledged >= minBacklogBytes && vainAttempts === 0 && !isWindowShut
    const isLess = before >= minBacklogBytes && unacknowledged < before
    if (isFlowing || isLess) times += 1
    before = unacknowledged
  }
  return {
    get times() {
      return times
    },
    async ask() {
      // A stranger, who was told little, is not worth a look at all connections of the machine.
      if (isAsking || keys.length === 0 || socket.bytesWritten < minBacklogBytes) return
      isAsking = true
      const row = await find(keys)
      isAsking = false
      if (row !== undefined) take(row)
    },
    forget: () => void (before = 0),
  }
}

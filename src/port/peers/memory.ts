import { totalmem } from 'node:os'

/**
 * Memory that is set aside for each connection without a tunnel when nobody says how many there may be. One
 * takes 80 to 145 KiB (measured: TLS and its objects, a request and its answer), and the process itself 145 MiB; the
 * rest is for tunnels.
 *
 * @limit memory for each connection without a tunnel, where `max_connections` is not set: on a small
 * machine fewer than its default are kept
 */
const reckonedBytes = 256 * 1024
/** What a small machine lacks for them: of 512 MiB the process itself takes more than a quarter. */
const setAsideBytes = 64 * 1024 * 1024

/** How many connections without a tunnel this machine, or its control group, has memory for. */
export function connectionsByMemory(bytes: number = memoryBytes()): number {
  const left = Math.max(bytes - setAsideBytes, bytes / 2)
  return Math.floor(left / reckonedBytes)
}

/**
 * Most that all peers make the gateway hold outside of tunnels; a sixteenth of the memory where that is less.
 *
 * @limit bytes of requests and answers outside of tunnels, of all peers together, or a sixteenth of the memory: the
 * connection that has made no progress for the longest time is closed; one with a tunnel loses the stream alone
 */
const maxHeldBytes = 64 * 1024 * 1024
const heldPart = 1 / 16

/** How many bytes of requests and answers outside of tunnels this machine, or its control group, has memory for. */
export function heldBytesByMemory(bytes: number = memoryBytes()): number {
  return Math.min(maxHeldBytes, Math.floor(bytes * heldPart))
}

/**
 * Most that tunnels leave unread beyond what their credit allows by now (`net/http2-windows.ts`); an eighth of the memory
 * where that is more. In memory it is up to twice as much.
 *
 * @limit bytes that tunnels over HTTP/2 leave unread beyond the credit that they have by now, of all clients together, or
 * an eighth of the memory where that is more; of clients that are executables, or where the gateway is one, all that they
 * leave unread: of the connection that has most of them the tunnel with most is reset
 */
const minBeyondBytes = 48 * 1024 * 1024
const beyondPart = 1 / 8

/** For how many such bytes this machine, or its control group, has memory. */
export function beyondBytesByMemory(bytes: number = memoryBytes()): number {
  return Math.max(minBeyondBytes, Math.floor(bytes * beyondPart))
}

/** 0 and numbers beyond the machine's mean that no control group sets a limit. */
function memoryBytes(): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}

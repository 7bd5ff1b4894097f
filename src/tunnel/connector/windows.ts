import type { ConnectionLimits } from '../../net/http2-windows.ts'

/**
 * What nobody has read of one connection; twice as much where an end runs on Bun, whose streams keep their credit.
 *
 * @limit bytes of one connector's connection that nobody has read, at each end: every stream gets less
 * credit, down to 64 KiB, and its sender waits. Where an end is an executable, twice as many: the stream of which most
 * waits is reset
 */
const maxUnreadBytes = 64 * 1024 * 1024
/**
 * Credit is given back by halves (nghttp2), so this is twice what 1 Gbit/s has under way over 100 ms.
 *
 * @limit bytes of one stream through a connector that nobody has read: its sender waits
 */
const maxWindowBytes = 32 * 1024 * 1024

/**
 * What streams begin with: on a short line more of it is only memory, of which nobody who reads more slowly than the
 * other side sends leaves any.
 */
const startWindowBytes = 4 * 1024 * 1024

/**
 * No stream but that of control begins before both ends have said what they are. 128 that nobody reads are within the
 * bound, and each takes 17 MB/s over 50 ms; with half of it, 8 (measured).
 *
 * @limit bytes of one stream through a connector that nobody has read, where only their sender is an executable: it waits
 */
const keptWindowBytes = 1024 * 1024

/** Credit of the streams of a connector's connection, at either end. */
export const streamWindows: Required<ConnectionLimits> = {
  maxUnreadBytes,
  maxWindowBytes,
  startWindowBytes,
  minWindowBytes: 64 * 1024,
  keptWindowBytes,
}

/** Credit of the connection: Node gives it back as bytes arrive, so that no stream keeps the others waiting. */
export const connectionWindowBytes = 32 * 1024 * 1024

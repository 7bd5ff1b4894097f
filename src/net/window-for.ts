/** How much credit the streams of one connection, or of several, are given. */
export interface WindowLimits {
  /** What nobody has read, of all streams together, in bytes: each has as much credit as keeps them within it. */
  readonly maxUnreadBytes: number
  /** Most credit of a stream, in bytes; a power of two. */
  readonly maxWindowBytes: number
  /** Credit that a stream always has, in bytes; a power of two. */
  readonly minWindowBytes: number
}

/**
 * The largest credit, by halves, with which streams that hold so many unread bytes each stay within the
 * bound; all of them may fill it.
 */
export function windowFor(unread: readonly number[], limits: WindowLimits): number {
  const { maxUnreadBytes, minWindowBytes } = limits
  let window = limits.maxWindowBytes
  while (window > minWindowBytes && reservedBy(unread, window) > maxUnreadBytes) window /= 2
  return window
}

/** What streams may come to hold with so much credit. */
export function reservedBy(unread: readonly number[], window: number): number {
  return unread.reduce((sum, bytes) => sum + Math.max(bytes, window), 0)
}

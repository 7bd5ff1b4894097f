/** One connection whose streams may hold what nobody has read. */
export interface WaitingHolder {
  /** What waits to be read, of all its streams, in bytes of memory. */
  waiting(): number
  /** Resets the stream of which most waits, and answers how much that was; 0 without any. */
  resetLargest(): number
}

/** A connection's place, until it is disposed of. */
export interface WaitingPlace extends Disposable {
  /** So many more bytes of memory are taken. */
  came(bytes: number): void
}

/** Keeps what waits on some connections within one bound. */
export interface WaitingLimit {
  join(holder: WaitingHolder): WaitingPlace
}

/** What may come between two looks, as a part of the bound. */
const lookPart = 1 / 16

/**
 * Bounds what less credit does not: beyond so many bytes of memory the connection of which most waits loses the stream of
 * which most does, until all that is left is within the bound.
 */
export function limitWaiting(maxBytes: number): WaitingLimit {
  const holders = new Set<WaitingHolder>()
  let sinceLook = 0

  function look(): void {
    sinceLook = 0
    const held = new Map([...holders].map((holder) => [holder, holder.waiting()]))
    let all = [...held.values()].reduce((sum, bytes) => sum + bytes, 0)
    while (all > maxBytes) {
      const [largest, bytes] = [...held].reduce((a, b) => (b[1] > a[1] ? b : a))
      const freed = largest.resetLargest()
      if (freed === 0) return
      held.set(largest, bytes - freed)
      all -= freed
    }
  }

  return {
    join(holder) {
      holders.add(holder)
      return {
        came(bytes) {
          sinceLook += bytes
          if (sinceLook >= maxBytes * lookPart) look()
        },
        [Symbol.dispose]: () => void holders.delete(holder),
      }
    },
  }
}

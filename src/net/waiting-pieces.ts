/** What Node keeps beside the bytes of each piece that waits to be read, in bytes (measured: 560 a piece of one). */
export const pieceBytes = 512

/** One connection whose streams may hold pieces that nobody has read. */
export interface PieceHolder {
  /** How many wait, of all its streams. */
  waiting(): number
  /** Resets the stream of which most wait, and answers how many those were; 0 without any. */
  resetLargest(): number
}

/** A connection's place, until it is disposed of. */
export interface PiecePlace extends Disposable {
  /** A piece has come that waits behind others. */
  came(): void
}

/** Keeps the pieces that wait on some connections within one bound. */
export interface PieceLimit {
  join(holder: PieceHolder): PiecePlace
}

/** What may come between two looks, as a part of the bound. */
const lookPart = 1 / 16

/**
 * Credit counts bytes, and whoever sends them one by one has us keep hundreds of times as much: 64 KiB of credit is
 * 36 MiB then, for each of 250 streams. Less credit is no bound either, for whoever never takes it over. Beyond this
 * one the connection with most pieces loses the stream with most of them, until all that is left is within it.
 */
export function limitPieces(maxBytes: number): PieceLimit {
  const maxPieces = Math.floor(maxBytes / pieceBytes)
  const lookPieces = Math.ceil(maxPieces * lookPart)
  const holders = new Set<PieceHolder>()
  let sinceLook = 0

  function look(): void {
    sinceLook = 0
    const counts = new Map([...holders].map((holder) => [holder, holder.waiting()]))
    let all = [...counts.values()].reduce((sum, count) => sum + count, 0)
    while (all > maxPieces) {
      const [largest, count] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a))
      const freed = largest.resetLargest()
      if (freed === 0) return
      counts.set(largest, count - freed)
      all -= freed
    }
  }

  return {
    join(holder) {
      holders.add(holder)
      return {
        came() {
          sinceLook += 1
          if (sinceLook >= lookPieces) look()
        },
        [Symbol.dispose]: () => void holders.delete(holder),
      }
    },
  }
}

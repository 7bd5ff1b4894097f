import { setImmediate as nextTurn } from 'node:timers/promises'

/** @limit none: items of something long that are looked at in one turn of the event loop */
const pieceSize = 500

/** Takes one after the other, and lets the event loop turn in between. */
export async function inPieces<T>(all: Iterable<T>, take: (each: T) => void): Promise<void> {
  let taken = 0
  for (const each of all) {
    take(each)
    taken += 1
    if (taken % pieceSize === 0) await nextTurn()
  }
}

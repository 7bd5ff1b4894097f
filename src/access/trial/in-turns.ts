import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Longest that one turn works before others get theirs, in milliseconds.
 *
 * @limit none: how long a list is worked on before tunnels get their turn
 */
const maxTurnMs = 4

/**
 * Goes through a list a few milliseconds at a time, and lets the bytes of tunnels go on in between; stops when
 * `signal` aborts, by throwing its reason.
 */
export async function* inTurns<Item>(
  items: Iterable<Item>,
  signal?: AbortSignal,
): AsyncGenerator<Item, void, undefined> {
  let startMs = performance.now()
  for (const item of items) {
    if (performance.now() - startMs > maxTurnMs) {
      await nextTurn()
      signal?.throwIfAborted()
      startMs = performance.now()
    }
    yield item
  }
}

/**
 * How old a signature may be, in milliseconds.
 *
 * @limit age of a signed request of the window: it is refused, and the window signs it again
 */
export const maxAgeMs = 30_000
/**
 * How much earlier than ours a page may believe a moment to be, in milliseconds: its question for the time was under way.
 *
 * @limit none: the window asks for the time again
 */
export const maxAheadMs = 5_000
/**
 * Most signatures that are remembered.
 *
 * @limit signed requests of the window in 35 seconds: further ones are answered by 429
 */
export const maxNonces = 20_000

/** Knows what was signed at times that are still good, so that nothing is done twice. */
export interface SeenNonces {
  /** Remembers one whose signature holds; call it and act in one step. */
  add(atMs: number, nonce: string): 'new' | 'seen' | 'stale' | 'too-many'
}

/** Two sets take turns: each has what came within the longest time that a signature can be good for. */
export function createSeenNonces(uptimeMs: () => number): SeenNonces {
  const turnMs = maxAgeMs + maxAheadMs
  let [current, former] = [new Set<string>(), new Set<string>()]
  let turnedMs = uptimeMs()

  function turn(nowMs: number): void {
    if (nowMs - turnedMs < turnMs) return
    former = nowMs - turnedMs < 2 * turnMs ? current : new Set()
    current = new Set()
    turnedMs = nowMs
  }

  return {
    add(atMs, nonce) {
      const nowMs = uptimeMs()
      turn(nowMs)
      if (atMs < nowMs - maxAgeMs || atMs > nowMs + maxAheadMs) return 'stale'
      if (current.has(nonce) || former.has(nonce)) return 'seen'
      if (current.size + former.size >= maxNonces) return 'too-many'
      current.add(nonce)
      return 'new'
    },
  }
}

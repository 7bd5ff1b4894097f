/** Drains one connection of each connector after the other, so that one always takes streams. */
export interface DrainQueue<Drained> {
  drain(drained: Drained): void
  /** It is over, drained or not. */
  left(drained: Drained): void
}

/** `begin` is called when its turn has come; those of one `ofWhom` wait for each other. */
export function createDrainQueue<Drained>(
  ofWhom: (drained: Drained) => string,
  begin: (drained: Drained) => void,
): DrainQueue<Drained> {
  /** The first of each is the one that drains. */
  const turns = new Map<string, Set<Drained>>()
  return {
    drain(drained) {
      const turn = turns.get(ofWhom(drained)) ?? new Set()
      turns.set(ofWhom(drained), turn.add(drained))
      if (turn.size === 1) begin(drained)
    },
    left(drained) {
      const turn = turns.get(ofWhom(drained))
      if (turn === undefined) return
      const [current] = turn
      turn.delete(drained)
      const [next] = turn
      if (next === undefined) turns.delete(ofWhom(drained))
      else if (current === drained) begin(next)
    },
  }
}

/** Numbers that follow from a seed, so that whatever is found once is found again by it. */
export interface Random {
  /** A whole number in [0, `below`). */
  below(below: number): number
  /** True in `percent` of a hundred cases. */
  isIn(percent: number): boolean
  pick<T>(from: readonly T[]): T
  /** Some of them, in their order; each in `percent` of a hundred cases. */
  some<T>(from: readonly T[], percent: number): readonly T[]
}

/**
 * Mulberry32: 32 bits of state, every seed another row of numbers.
 *
 * @see https://github.com/cprosche/mulberry32
 */
export function createRandom(seed: number): Random {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    below,
    isIn: (percent) => below(100) < percent,
    pick<T>(from: readonly T[]): T {
      if (from.length === 0) throw new RangeError('there is nothing to pick from')
      return from[below(from.length)] as T
    },
    some: (from, percent) => from.filter(() => below(100) < percent),
  }
}

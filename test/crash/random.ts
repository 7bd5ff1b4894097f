/** Choices that are the same for the same seed. */
export interface Random {
  /** From 0 to 1. */
  share(): number
  /** A whole number from 0 to `below - 1`. */
  below(below: number): number
  oneOf<T>(list: readonly T[]): T
}

/** By mulberry32, of a seed that is a whole number. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const share = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(share() * limit)
  return {
    share,
    below,
    oneOf<T>(list: readonly T[]) {
      if (list.length === 0) throw new RangeError('nothing to choose from')
      return list[below(list.length)] as T
    },
  }
}

import type { Arbitrary } from 'fast-check'

/** One parser of bytes that others wrote, and what must hold of its answers. A file in `targets/` each. */
export interface Target {
  /** What it reads, and from whom: one line for `--list`. */
  readonly reads: string
  /** The parser's own files, relative to `src`: new code in these makes an input worth keeping. */
  readonly covers: readonly string[]
  /** Longest input that is made, in bytes. */
  readonly maxBytes?: number
  /** What its inputs are made of; the literals of `covers` are added. */
  readonly tokens?: readonly (string | Uint8Array)[]
  /** Makes inputs that are nearly right, where bytes changed at random never would be. */
  readonly arbitrary?: Arbitrary<Uint8Array>
  /**
   * Reads one input, which it may change, and judges the answer.
   *
   * @returns one word for how it went (a code, a kind): an input that ends in a new way is kept as well
   * @throws for every input where something does not hold: a finding
   */
  run(input: Buffer): string | Promise<string>
}

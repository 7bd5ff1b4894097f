// The input that a worker reads just now, in memory that both threads see: whoever ends a worker that hangs can
// still name it.

/** Longest input that any target makes, in bytes. */
export const maxInputBytes = 1 << 20
const headWords = 4

/** One side writes it, the other watches. */
export interface CurrentInput {
  readonly memory: SharedArrayBuffer
  set(input: Uint8Array): void
  /** Nothing is being read. */
  clear(): void
  /** Goes up with each input; odd while one is read. */
  turn(): number
  bytes(): Buffer
}

export function currentInput(
  memory = new SharedArrayBuffer(headWords * 4 + maxInputBytes),
): CurrentInput {
  const head = new Int32Array(memory, 0, headWords)
  const body = new Uint8Array(memory, headWords * 4)
  const step = (isOdd: number): void => {
    const turn = Atomics.load(head, 0)
    Atomics.store(head, 0, turn + ((turn & 1) === isOdd ? 2 : 1))
  }
  return {
    memory,
    set(input) {
      const length = Math.min(input.length, maxInputBytes)
      body.set(input.length === length ? input : input.subarray(0, length))
      Atomics.store(head, 1, length)
      step(1)
    },
    clear: () => step(0),
    turn: () => Atomics.load(head, 0),
    bytes: () => Buffer.from(body.slice(0, Atomics.load(head, 1))),
  }
}

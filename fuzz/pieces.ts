/** Longest input that is also given byte by byte, in bytes. */
const maxSingleBytes = 32

/**
 * Ways to split an input, which follow from its bytes alone: for readers of what arrives in pieces, which must
 * answer the same however it does. Each way has memory of its own: some readers work in place.
 */
export function splits(input: Buffer): readonly (readonly Buffer[])[] {
  const { length } = input
  if (length < 2) return []
  const sum =
    length * 31 + (input[0] ?? 0) * 7 + (input[length - 1] ?? 0) + (input[length >> 1] ?? 0)
  const first = 1 + (sum % (length - 1))
  const second = first + ((sum >>> 3) % (length - first))
  const ways = [cut(input, [first]), cut(input, [first, second])]
  if (length > maxSingleBytes) return ways
  return [
    ...ways,
    cut(
      input,
      Array.from({ length: length - 1 }, (_, at) => at + 1),
    ),
  ]
}

function cut(input: Buffer, places: readonly number[]): readonly Buffer[] {
  const copy = Buffer.from(input)
  return [0, ...places].map((from, index) => copy.subarray(from, places[index] ?? copy.length))
}

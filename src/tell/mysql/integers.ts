/** Two bytes, the low one first. */
export function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
}

/** Bytes of an integer that says its length ("Protocol::LengthEncodedInteger"), by the first of them. */
export function sizeOf(first = 0): number {
  if (first < 0xfb) return 1
  return first === 0xfc ? 3 : first === 0xfd ? 4 : 9
}

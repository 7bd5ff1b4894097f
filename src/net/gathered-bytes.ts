/** What has come of something that is not whole yet. */
export interface GatheredBytes {
  readonly length: number
  /** Copies a piece behind those before it. */
  add(piece: Uint8Array): void
  /** All of it, from the first piece on; nothing is gathered afterwards. */
  take(): Buffer
}

/**
 * Keeps pieces as one run of bytes. A peer may send them one by one, and a piece that is kept as it came costs some
 * 500 bytes and holds the whole read that it was a part of: half a MiB of them took 130 MiB.
 */
export function gatherBytes(): GatheredBytes {
  let bytes: Buffer = Buffer.alloc(0)
  let length = 0
  return {
    get length() {
      return length
    },
    add(piece) {
      const needed = length + piece.length
      if (needed > bytes.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * bytes.length))
        bytes.copy(larger, 0, 0, length)
        bytes = larger
      }
      bytes.set(piece, length)
      length = needed
    },
    take() {
      const all = bytes.subarray(0, length)
      bytes = Buffer.alloc(0)
      length = 0
      return all
    },
  }
}

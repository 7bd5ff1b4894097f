import { createCipheriv, createHash } from 'node:crypto'

/** Bytes without a pattern, the same for the same name: the key stream of a cipher. */
export function keystream(name: string): (bytes: number) => Buffer {
  const key = createHash('sha256').update(name).digest().subarray(0, 16)
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16))
  return (bytes) => cipher.update(Buffer.alloc(bytes))
}

const pieceBytes = 1024 * 1024

/** The SHA-256 of the first so many bytes of one, in hex. */
export function digestOf(name: string, bytes: number): string {
  const next = keystream(name)
  const hash = createHash('sha256')
  for (let left = bytes; left > 0; left -= pieceBytes) hash.update(next(Math.min(left, pieceBytes)))
  return hash.digest('hex')
}

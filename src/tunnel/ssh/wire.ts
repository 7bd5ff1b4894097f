// How SSH writes values (RFC 4251 §5), as far as keys and certificates need them.

/** A `string`: its length in 4 bytes, then the bytes. */
export function sshString(value: Uint8Array | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([sshUint32(bytes.length), bytes])
}

export function sshUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function sshUint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

/** Reads values one after another; each is undefined once what is left is too short for it. */
export interface SshReader {
  string(): Buffer | undefined
  uint32(): number | undefined
  uint64(): bigint | undefined
  /** Whether nothing is left. */
  isAtEnd(): boolean
}

/** Reads from bytes that nobody changes meanwhile. */
export function readSsh(bytes: Buffer): SshReader {
  let offset = 0
  const take = (length: number): Buffer | undefined => {
    if (length > bytes.length - offset) return undefined
    offset += length
    return bytes.subarray(offset - length, offset)
  }
  const uint32 = (): number | undefined => take(4)?.readUInt32BE()
  return {
    uint32,
    uint64: () => take(8)?.readBigUInt64BE(),
    string() {
      const length = uint32()
      return length === undefined ? undefined : take(length)
    },
    isAtEnd: () => offset === bytes.length,
  }
}

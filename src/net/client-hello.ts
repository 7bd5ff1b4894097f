// What a client says before TLS has begun (RFC 8446 §4.1.2): not encrypted, and enough to choose who answers.

const handshakeRecord = 22
const clientHello = 1
const alpnExtension = 16
const recordHeaderBytes = 5

/** How many bytes the first record has; undefined where too few are there to tell. */
export function firstRecordBytes(bytes: Buffer): number | undefined {
  return bytes.length < recordHeaderBytes ? undefined : recordHeaderBytes + bytes.readUInt16BE(3)
}

/** Whether bytes begin as a handshake does. */
export function isHandshake(bytes: Buffer): boolean {
  return bytes[0] === handshakeRecord
}

/**
 * The protocols that a ClientHello offers (RFC 7301 §3.1), of the bytes of its first record; none where it is another
 * message, is spread over several records, or cannot be read.
 */
export function offeredProtocols(bytes: Buffer): readonly string[] {
  try {
    return read(bytes)
  } catch (error) {
    // Cut short.
    if (error instanceof RangeError) return []
    throw error
  }
}

function read(bytes: Buffer): readonly string[] {
  if (!isHandshake(bytes) || bytes.readUInt8(recordHeaderBytes) !== clientHello) return []
  // Handshake 4, version 2, random 32; then the session id, cipher suites and compression methods.
  let at = recordHeaderBytes + 4 + 2 + 32
  at += 1 + bytes.readUInt8(at)
  at += 2 + bytes.readUInt16BE(at)
  at += 1 + bytes.readUInt8(at)
  const end = at + 2 + bytes.readUInt16BE(at)
  at += 2
  while (at + 4 <= end) {
    const length = bytes.readUInt16BE(at + 2)
    at += 4
    if (bytes.readUInt16BE(at - 4) === alpnExtension) return namesIn(bytes, at + 2, at + length)
    at += length
  }
  return []
}

function namesIn(bytes: Buffer, from: number, end: number): readonly string[] {
  const names: string[] = []
  for (let at = from; at < end;) {
    const length = bytes.readUInt8(at)
    names.push(bytes.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return names
}

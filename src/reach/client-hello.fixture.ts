/** The first message of a TLS client (RFC 8446 §4.1.2), as far as tests ask; numbers are those of IANA. */
export interface ClientHello {
  readonly suites: readonly number[]
  readonly serverName: string | undefined
  readonly versions: readonly number[]
  readonly groups: readonly number[]
  readonly keyShares: readonly number[]
  readonly signatures: readonly number[]
  readonly protocols: readonly string[]
}

/** Reads it from the first record of a connection; undefined while that is not whole. */
export function readClientHello(bytes: Buffer): ClientHello | undefined {
  if (bytes.length < 5 || bytes.length < 5 + bytes.readUInt16BE(3)) return undefined
  // Record 5, handshake 4, version 2, random 32.
  let at = 5 + 4 + 2 + 32
  at += 1 + bytes.readUInt8(at)
  const suites = pairsOf(vector(bytes, at))
  at += 2 + suites.length * 2
  at += 1 + bytes.readUInt8(at)
  const extensions = new Map<number, Buffer>()
  const all = vector(bytes, at)
  for (let from = 0; from < all.length; from += 4 + all.readUInt16BE(from + 2)) {
    extensions.set(all.readUInt16BE(from), vector(all, from + 2))
  }
  const read = (type: number): Buffer => extensions.get(type) ?? Buffer.alloc(2)
  const name = extensions.get(0)
  return {
    suites,
    serverName: name && String(vector(name, 3)),
    versions: pairsOf(read(43).subarray(1)),
    groups: pairsOf(vector(read(10), 0)),
    keyShares: sharesIn(vector(read(51), 0)),
    signatures: pairsOf(vector(read(13), 0)),
    protocols: namesIn(vector(read(16), 0)),
  }
}

/** What stands behind its length, of two bytes. */
function vector(bytes: Buffer, at: number): Buffer {
  return bytes.subarray(at + 2, at + 2 + bytes.readUInt16BE(at))
}

function pairsOf(bytes: Buffer): readonly number[] {
  return Array.from({ length: bytes.length >> 1 }, (_, index) => bytes.readUInt16BE(index * 2))
}

function sharesIn(bytes: Buffer): readonly number[] {
  const groups: number[] = []
  for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt16BE(at + 2)) {
    groups.push(bytes.readUInt16BE(at))
  }
  return groups
}

function namesIn(bytes: Buffer): readonly string[] {
  const names: string[] = []
  for (let at = 0; at < bytes.length; at += 1 + bytes.readUInt8(at)) {
    names.push(bytes.toString('latin1', at + 1, at + 1 + bytes.readUInt8(at)))
  }
  return names
}

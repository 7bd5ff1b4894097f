import { createHmac, timingSafeEqual } from 'node:crypto'
import { classes, encodeName, types, uint16, uint32 } from './message.ts'
import type { TsigKey } from './settings.ts'

// Transaction signatures (RFC 8945): a record at the end of a message with an HMAC of it.

/** RFC 8945 §10: how far the clocks of both sides may be apart, in seconds. */
const fudgeSeconds = 300

/** What a TSIG record says (RFC 8945 §4.2). */
export interface Tsig {
  readonly timeSeconds: number
  readonly fudgeSeconds: number
  readonly mac: Uint8Array
  readonly originalId: number
  /** 0; or 16 BADSIG, 17 BADKEY, 18 BADTIME. */
  readonly error: number
  /** With BADTIME the time of the server, 48 bits. */
  readonly other: Uint8Array
}

export interface Signed {
  readonly message: Buffer
  /** What the answer is signed with besides. */
  readonly mac: Buffer
}

/** Signs a message; `nowMs` must be near the server's own time. */
export function signMessage(message: Buffer, key: TsigKey, nowMs: number): Signed {
  const timeSeconds = Math.floor(nowMs / 1000)
  const unsigned = { timeSeconds, fudgeSeconds, error: 0, other: new Uint8Array() }
  const mac = macOf([message], key, unsigned)
  const originalId = message.readUInt16BE(0)
  const signed = Buffer.concat([message, encodeTsig(key, { ...unsigned, mac, originalId })])
  signed.writeUInt16BE(message.readUInt16BE(10) + 1, 10)
  return { message: signed, mac }
}

/**
 * Whether an answer is from whoever has the key, and to this request. `message` is the answer without its
 * signature (`splitTsig`).
 */
export function isSignedAnswer(
  message: Buffer,
  tsig: Tsig,
  { key, requestMac, nowMs }: { key: TsigKey; requestMac: Buffer; nowMs: number },
): boolean {
  const expected = macOf([uint16(requestMac.length), requestMac, message], key, tsig)
  const isSame = tsig.mac.length === expected.length && timingSafeEqual(tsig.mac, expected)
  const isInTime = Math.abs(nowMs / 1000 - tsig.timeSeconds) <= tsig.fudgeSeconds
  return isSame && isInTime
}

/** RFC 8945 §4.3: the message, and the variables of the record. */
function macOf(
  parts: readonly Buffer[],
  key: TsigKey,
  { timeSeconds, fudgeSeconds, error, other }: Omit<Tsig, 'mac' | 'originalId'>,
): Buffer {
  const variables = [
    encodeName(key.name),
    uint16(classes.ANY),
    uint32(0),
    encodeName(key.algorithm),
    uint48(timeSeconds),
    uint16(fudgeSeconds),
    uint16(error),
    uint16(other.length),
    other,
  ]
  const hmac = createHmac(key.algorithm.slice('hmac-'.length), key.secret)
  return hmac.update(Buffer.concat([...parts, ...variables])).digest()
}

function encodeTsig(key: TsigKey, tsig: Tsig): Buffer {
  const data = Buffer.concat([
    encodeName(key.algorithm),
    uint48(tsig.timeSeconds),
    uint16(tsig.fudgeSeconds),
    uint16(tsig.mac.length),
    tsig.mac,
    uint16(tsig.originalId),
    uint16(tsig.error),
    uint16(tsig.other.length),
    tsig.other,
  ])
  const head = [encodeName(key.name), uint16(types.TSIG), uint16(classes.ANY), uint32(0)]
  return Buffer.concat([...head, uint16(data.length), data])
}

/**
 * Takes the signature off a message that has one at its end: what was signed, and what the record says.
 * Undefined without one. Throws `RangeError` for a message that ends too soon.
 */
export function splitTsig(message: Buffer): { unsigned: Buffer; tsig: Tsig } | undefined {
  const records = [6, 8, 10].reduce((sum, at) => sum + message.readUInt16BE(at), 0)
  if (message.readUInt16BE(10) === 0) return undefined
  let at = 12
  for (let left = message.readUInt16BE(4); left > 0; left -= 1) at = skipName(message, at) + 4
  for (let left = records - 1; left > 0; left -= 1) at = skipRecord(message, at)
  const head = skipName(message, at)
  if (message.readUInt16BE(head) !== types.TSIG) return undefined
  const tsig = decodeTsig(message, skipName(message, head + 10))
  const unsigned = Buffer.from(message.subarray(0, at))
  unsigned.writeUInt16BE(message.readUInt16BE(10) - 1, 10)
  unsigned.writeUInt16BE(tsig.originalId, 0)
  return { unsigned, tsig }
}

/** Begins behind the name of the algorithm. */
function decodeTsig(message: Buffer, start: number): Tsig {
  const macLength = message.readUInt16BE(start + 8)
  const end = start + 10 + macLength
  const otherLength = message.readUInt16BE(end + 4)
  if (end + 6 + otherLength > message.length) throw new RangeError('the signature ends too soon')
  return {
    timeSeconds: message.readUIntBE(start, 6),
    fudgeSeconds: message.readUInt16BE(start + 6),
    mac: message.subarray(start + 10, end),
    originalId: message.readUInt16BE(end),
    error: message.readUInt16BE(end + 2),
    other: message.subarray(end + 6, end + 6 + otherLength),
  }
}

function skipRecord(message: Buffer, start: number): number {
  const at = skipName(message, start)
  return at + 10 + message.readUInt16BE(at + 8)
}

/** RFC 1035 §4.1.4: labels until an empty one, or a pointer, which is the end of a name. */
function skipName(message: Buffer, start: number): number {
  let at = start
  for (;;) {
    const length = message.readUInt8(at)
    if (length >= 0xc0) return at + 2
    at += 1 + length
    if (length === 0) return at
  }
}

function uint48(value: number): Buffer {
  const bytes = Buffer.alloc(6)
  bytes.writeUIntBE(value, 0, 6)
  return bytes
}

import type { Follower, LastWords } from '../follower.ts'
import { plainText } from '../plain-text.ts'
import { followStartup } from './startup.ts'

// PostgreSQL's protocol 3 (documentation, "Message Formats"): after the first packets of the client each message is a
// byte that says its kind, and its length in four bytes, itself included. "ErrorResponse" may come at any time, and
// after one that is FATAL the connection ends ("Message Flow", 55.2.9 "Termination"): only its boundaries matter, and
// they are in what the service says alone.

/** Which bytes are kinds of what a service says. */
const isKind = new Uint8Array(256)
for (const kind of Buffer.from('RKSZENvACDTIVGHWdct123sn')) isKind[kind] = 1
const headBytes = 5
/** Of a length that counts itself. */
const lengthBytes = 4

/** Follows a session of PostgreSQL: told is a FATAL with 57P01, `admin_shutdown`. */
export function followPostgres(): Follower {
  const startup = followStartup()
  let isLost = false
  /** Of the message that has begun: bytes of its head so far, its length, and the bytes that are still to come. */
  let headHas = 0
  let length = 0
  let left = 0

  const begin = (): void => {
    if (length < lengthBytes) isLost = true
    left = length - lengthBytes
    headHas = 0
  }
  const takeByte = (byte: number): void => {
    if (headHas === 0) isLost = isKind[byte] !== 1
    else length = ((length << 8) | byte) >>> 0
    headHas += 1
    if (headHas === headBytes) begin()
  }
  /** Most heads come whole: a row of a few bytes has one too. */
  const takeHead = (bytes: Uint8Array, at: number): void => {
    isLost = isKind[bytes[at] ?? 0] !== 1
    const high = ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    length = high * 0x1_0000 + (((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0))
    begin()
  }

  return {
    fromClient(bytes) {
      startup.fromClient(bytes)
    },
    fromService(bytes) {
      let at = startup.isOver ? 0 : startup.fromService(bytes)
      while (at < bytes.length) {
        if (isLost) return
        if (left > 0) {
          const taken = Math.min(left, bytes.length - at)
          left -= taken
          at += taken
        } else if (headHas === 0 && bytes.length - at >= headBytes) {
          takeHead(bytes, at)
          at += headBytes
        } else {
          takeByte(bytes[at] ?? 0)
          at += 1
        }
      }
    },
    tell(words) {
      const mayTell = startup.isOver && !isLost && left === 0 && headHas === 0
      return mayTell ? encodeFatal(words) : undefined
    },
  }
}

/** "ErrorResponse", its fields by "Error and Notice Message Fields". */
function encodeFatal({ message, hint }: LastWords): Buffer {
  const fields = [
    ['S', 'FATAL'],
    ['V', 'FATAL'],
    ['C', '57P01'],
    ['M', plainText(message)],
    ...(hint === '' ? [] : [['H', plainText(hint)]]),
  ]
  const body = Buffer.from(`${fields.map(([code, text]) => `${code}${text}\0`).join('')}\0`)
  const head = Buffer.from('E\0\0\0\0')
  head.writeUInt32BE(lengthBytes + body.length, 1)
  return Buffer.concat([head, body])
}

/** WebSocket frames as bytes, for senders that no library would be (RFC 6455 §5.2). */
import { formatTunnelPath, tunnelProtocol } from '../../src/tunnel/websocket.ts'

export const opcodes = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const

export interface FrameOptions {
  /** Whether the message ends with it. **Default:** true */
  readonly isLast?: boolean
  /** The three reserved bits, as 0x40, 0x20 and 0x10. */
  readonly reserved?: number
  /** **Default:** true, as every client's. */
  readonly isMasked?: boolean
  /** What the head says, in place of the payload's own length: always as 64 bits. */
  readonly claimedLength?: bigint
}

/** One frame of a client. The mask is zero: then the payload is itself. */
export function frame(
  opcode: number,
  payload: Buffer | string = '',
  { isLast = true, reserved = 0, isMasked = true, claimedLength }: FrameOptions = {},
): Buffer {
  const bytes = Buffer.from(payload)
  const first = Buffer.from([(isLast ? 0x80 : 0) | reserved | opcode])
  const length = lengthOf(bytes.length, claimedLength)
  if (isMasked) length.writeUInt8(length.readUInt8(0) | 0x80, 0)
  return Buffer.concat([first, length, Buffer.alloc(isMasked ? 4 : 0), bytes])
}

function lengthOf(bytes: number, claimed: bigint | undefined): Buffer {
  if (claimed === undefined && bytes < 126) return Buffer.from([bytes])
  if (claimed === undefined && bytes < 65_536) {
    return Buffer.from([126, bytes >> 8, bytes & 0xff])
  }
  const length = Buffer.alloc(9)
  length.writeUInt8(127, 0)
  length.writeBigUInt64BE(claimed ?? BigInt(bytes), 1)
  return length
}

/** The head of a request for a tunnel. `changes`: other fields; those that are undefined are left out. */
export function handshake(
  authority: string,
  changes: Readonly<Record<string, string | undefined>> = {},
  path = formatTunnelPath(authority),
  start = 'GET % HTTP/1.1',
): string {
  const fields = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Protocol': tunnelProtocol,
    ...changes,
  }
  const lines = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  )
  return [start.replace('%', path), ...lines, '', ''].join('\r\n')
}

/** What a server's whole binary frames carry, one after the other; nothing of one that is cut off. */
export function binaryOf(bytes: Buffer): Buffer {
  const found: Buffer[] = []
  for (let at = 0; at + 2 <= bytes.length;) {
    const short = bytes.readUInt8(at + 1) & 0x7f
    const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10
    if (at + headBytes > bytes.length) break
    const length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2))
    const end = at + headBytes + length
    if (end > bytes.length) break
    if ((bytes.readUInt8(at) & 0x0f) === opcodes.binary)
      found.push(bytes.subarray(at + headBytes, end))
    at = end
  }
  return Buffer.concat(found)
}

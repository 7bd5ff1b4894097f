/** HTTP/2 frames as bytes, for senders that no library would be (RFC 9113 §4.1). */

const types = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  windowUpdate: 8,
  continuation: 9,
} as const

export const endStream = 0x1
/** Of SETTINGS and PING. */
export const acknowledgement = 0x1
/** Of a frame's head, in bytes. */
export const headBytes = 9
export const endHeaders = 0x4

/** What a client sends first: the preface and an empty SETTINGS frame (RFC 9113 §3.4). */
export const preface = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  frame('settings', 0, 0),
])

/** One frame: nine bytes of head, then its payload. */
export function frame(
  type: keyof typeof types,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(types[type], 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** Whether a frame, given from its head on, is a PING that asks. */
export function isPing(bytes: Buffer): boolean {
  return bytes[3] === types.ping && bytes[4] === 0
}

/** Whether it is one that answers. */
export function isPingAnswer(bytes: Buffer): boolean {
  return bytes[3] === types.ping && bytes[4] === acknowledgement
}

/** Fields as literals without indexing and without Huffman code (RFC 7541 §6.2.2). */
export function fields(list: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(list.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]))
}

/** The fields of a CONNECT (RFC 9113 §8.5). */
export function connectFields(authority: string): Buffer {
  return fields([
    [':method', 'CONNECT'],
    [':authority', authority],
  ])
}

/** A 32-bit number as a payload: an error code, a window's increment. */
export function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A string literal: its length with a 7-bit prefix, then itself (RFC 7541 §5.1, §5.2). */
function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes])
  const length = [127]
  let rest = bytes.length - 127
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128)
  return Buffer.concat([Buffer.from([...length, rest]), bytes])
}

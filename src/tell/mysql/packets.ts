// Packets of MySQL's protocol (its documentation, "MySQL Packets"): three bytes of length, one of sequence, and what is
// said. One of 0xFFFFFF bytes is continued by the next: together they are one message.

/** What is kept of the beginning of a message: of the first one, in which the two sides agree, and of any other. */
const firstHeadBytes = 256
const headBytes = 24
const headerBytes = 4
const continuedBytes = 0xff_ffff

/** The packet that has just ended; the same object each time. */
export interface Packet {
  sequence: number
  /** Of this packet, in bytes. */
  length: number
  /** It begins a message, and ends one. */
  isFirst: boolean
  isLast: boolean
  /** The beginning of the message, of which `has` bytes are known. */
  readonly head: Uint8Array
  has: number
}

/** One direction of a session. */
export interface Packets {
  /** No message has begun that has not ended. */
  readonly isBetween: boolean
  take(bytes: Uint8Array): void
}

/** Reads packets in whatever pieces they come, and calls back at the end of each. */
export function readPackets(onPacket: (packet: Packet) => void): Packets {
  const head = new Uint8Array(firstHeadBytes)
  const packet: Packet = { sequence: 0, length: 0, isFirst: true, isLast: true, head, has: 0 }
  let headerHas = 0
  let left = 0
  let isContinued = false
  let keptBytes = firstHeadBytes

  const takeHeader = (byte: number): void => {
    if (headerHas === 0) packet.length = 0
    if (headerHas < 3) packet.length |= byte << (8 * headerHas)
    else packet.sequence = byte
    headerHas += 1
    if (headerHas === headerBytes) begin()
  }
  /** Most headers come whole. */
  const takeWhole = (bytes: Uint8Array, at: number): void => {
    packet.length = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16)
    packet.sequence = bytes[at + 3] ?? 0
    headerHas = headerBytes
    begin()
  }
  const begin = (): void => {
    left = packet.length
    packet.isFirst = !isContinued
    if (!isContinued) packet.has = 0
    if (left === 0) end()
  }
  const takeBody = (bytes: Uint8Array, at: number): number => {
    const taken = Math.min(left, bytes.length - at)
    const kept = packet.isFirst ? Math.min(taken, keptBytes - packet.has) : 0
    for (let index = 0; index < kept; index++) head[packet.has + index] = bytes[at + index] ?? 0
    packet.has += kept
    left -= taken
    if (left === 0) end()
    return taken
  }
  const end = (): void => {
    isContinued = packet.length === continuedBytes
    packet.isLast = !isContinued
    if (packet.isLast) keptBytes = headBytes
    headerHas = 0
    onPacket(packet)
  }

  return {
    get isBetween() {
      return headerHas === 0 && !isContinued
    },
    take(bytes) {
      for (let at = 0; at < bytes.length;) {
        if (headerHas === headerBytes) at += takeBody(bytes, at)
        else if (headerHas === 0 && bytes.length - at >= headerBytes) {
          takeWhole(bytes, at)
          at += headerBytes
        } else takeHeader(bytes[at++] ?? 0)
      }
    },
  }
}

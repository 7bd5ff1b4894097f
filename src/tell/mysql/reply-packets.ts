import { sizeOf, word } from './integers.ts'
import type { Packet } from './packets.ts'

// "Protocol::OK_Packet", "Protocol::EOF_Packet", "Protocol::ERR_Packet" and "Text Resultset" of MySQL's documentation.

/** An EOF has a warning count and a status behind its first byte, and no more. */
const eofBytes = 5

/**
 * Whether a packet ends rows. A row begins with the length of its first column: 0xFE is one of eight bytes, for more
 * than fits into a packet.
 */
export function isLastOfRows(packet: Packet, omitsEof: boolean): boolean {
  const { head, has, length, isFirst, isLast } = packet
  const isOne = isFirst && isLast && has > 0 && head[0] === 0xfe
  return isOne && (omitsEof || length <= eofBytes + 3)
}

/** The status flags of an OK or an EOF. */
export function statusOf({ head, length }: Packet): number {
  if (head[0] === 0xfe && length <= eofBytes) return word(head, 3)
  // Affected rows, and the last id.
  const rows = 1 + sizeOf(head[1])
  return word(head, rows + sizeOf(head[rows]))
}

/** How many columns a result has, and whether they are said; undefined where that is no number of columns. */
export function columnCountOf(
  { head, has, isFirst }: Packet,
  mayOmitColumns: boolean,
): { readonly count: number; readonly follow: boolean } | undefined {
  const size = sizeOf(head[0])
  if (!isFirst || has < size || size > 4) return undefined
  const count =
    size === 1 ? (head[0] ?? 0) : word(head, 1) | (size === 4 ? (head[3] ?? 0) << 16 : 0)
  const follow = !mayOmitColumns || (has > size && head[size] !== 0)
  return { count, follow }
}

/** MariaDB's report of how far a statement is: an error by its form, and the end of nothing. */
export function isProgress({ head, has }: Packet): boolean {
  return has > 3 && head[1] === 0xff && head[2] === 0xff
}

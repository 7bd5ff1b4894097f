import { gatherBytes } from '../../net/gathered-bytes.ts'

/**
 * Longest line of the control stream, in bytes: some thousand services with their host names.
 *
 * @limit bytes of one line on a connector's control stream: the connection is ended
 */
const maxLineBytes = 512 * 1024

/**
 * Before the other side has proved itself. A proof takes some 300 bytes; a connector of an earlier release, which says
 * its services first, is told why it is refused.
 *
 * @limit bytes of one line of a connector that has not proved its secret: the connection is ended
 */
const maxUnprovedLineBytes = 64 * 1024

const lineFeed = 10

/**
 * Makes lines of the pieces that come, and keeps what is not whole yet. Bytes are split, so that no character
 * ever is; an empty line is none.
 *
 * @throws Error for a line that is too long
 */
export function createLines(isProved: () => boolean): (chunk: Buffer) => readonly string[] {
  const line = gatherBytes()

  const keep = (piece: Buffer): void => {
    const maxBytes = isProved() ? maxLineBytes : maxUnprovedLineBytes
    if (line.length + piece.length > maxBytes) throw new Error('a line is too long')
    line.add(piece)
  }
  return (chunk) => {
    const lines: string[] = []
    let from = 0
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, from)) {
      keep(chunk.subarray(from, at))
      if (line.length > 0) lines.push(line.take().toString())
      from = at + 1
    }
    if (from < chunk.length) keep(chunk.subarray(from))
    return lines
  }
}

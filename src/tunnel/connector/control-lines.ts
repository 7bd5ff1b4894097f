import { gatherBytes } from '../../net/gathered-bytes.ts'

/**
 * Longest line of the control stream, in bytes: some thousand services with their host names.
 *
 * @limit bytes of one line on a connector's control stream: the connection is ended
 */
const maxLineBytes = 512 * 1024

const lineFeed = 10

/**
 * Makes lines of the pieces that come, and keeps what is not whole yet. Bytes are split, so that no character
 * ever is; an empty line is none.
 *
 * @throws Error for a line that is too long
 */
export function createLines(): (chunk: Buffer) => readonly string[] {
  const line = gatherBytes()

  const keep = (piece: Buffer): void => {
    if (line.length + piece.length > maxLineBytes) throw new Error('a line is too long')
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

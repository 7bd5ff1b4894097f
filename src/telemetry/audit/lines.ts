import { openToRead } from './open-to-read.ts'

/** One line of a file, as its bytes. */
export interface RawLine {
  /** Without the newline. */
  readonly bytes: Buffer
  /** Where it begins in the file. */
  readonly offset: number
  /** False for what stands after the last newline. */
  readonly isWhole: boolean
}

const newline = 0x0a
const chunkBytes = 256 * 1024

/** @limit a line of an audit file that is checked: the file is called damaged there */
const maxLineBytes = 4 * 1024 * 1024

/**
 * The lines of a file, some at a time. They end at newlines alone, whatever other bytes there are: a carriage
 * return belongs to its line. A line beyond 4 MiB comes in pieces.
 */
export async function* readLines(path: string, from = 0): AsyncGenerator<readonly RawLine[]> {
  await using file = await openToRead(path)
  let rest = Buffer.alloc(0)
  let offset = from
  for (;;) {
    const chunk = Buffer.allocUnsafe(chunkBytes)
    const { bytesRead } = await file.read(chunk, 0, chunkBytes, offset + rest.length)
    if (bytesRead === 0) break
    const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)])
    const lines = splitLines(bytes, offset)
    const used = lines.reduce((sum, line) => sum + line.bytes.length + 1, 0)
    rest = bytes.subarray(used)
    offset += used
    if (rest.length > maxLineBytes) {
      lines.push({ bytes: rest, offset, isWhole: false })
      offset += rest.length
      rest = Buffer.alloc(0)
    }
    if (lines.length > 0) yield lines
  }
  if (rest.length > 0) yield [{ bytes: rest, offset, isWhole: false }]
}

/** Whether it is a piece of a line beyond 4 MiB. */
export function isPiece({ bytes }: RawLine): boolean {
  return bytes.length > maxLineBytes
}

/** The whole lines of some bytes, which stand at `offset` in their file. */
export function splitLines(bytes: Buffer, offset: number): RawLine[] {
  const lines: RawLine[] = []
  let start = 0
  for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
    lines.push({ bytes: bytes.subarray(start, end), offset: offset + start, isWhole: true })
    start = end + 1
  }
  return lines
}

import { type ArchiveFile, inOrder } from './archive-file.ts'
import { gzip } from './gzip.ts'

const blockBytes = 512
/** Of the `name` field. */
const maxPathBytes = 100

/**
 * A compressed archive of POSIX's format `ustar`. The same files make the same bytes: they are in order, all from one
 * time, of nobody.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
 */
export function tarGz(files: readonly ArchiveFile[], seconds: number): Buffer {
  const blocks = inOrder(files).flatMap((file) => [
    header(file, seconds),
    file.bytes,
    Buffer.alloc(-file.bytes.length & (blockBytes - 1)),
  ])
  return gzip(Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]))
}

function header({ path, bytes, isExecutable = false }: ArchiveFile, seconds: number): Buffer {
  if (Buffer.byteLength(path) > maxPathBytes) throw new Error(`"${path}" is too long for ustar`)
  const block = Buffer.alloc(blockBytes)
  block.write(path, 0)
  block.write(octal(isExecutable ? 0o755 : 0o644, 8), 100)
  block.write(octal(0, 8), 108)
  block.write(octal(0, 8), 116)
  block.write(octal(bytes.length, 12), 124)
  block.write(octal(seconds, 12), 136)
  // The sum is taken with spaces in its own place.
  block.write(' '.repeat(8), 148)
  block.write('0', 156)
  block.write('ustar\x0000', 257)
  block.write(
    `${octal(
      block.reduce((sum, byte) => sum + byte, 0),
      7,
    )} `,
    148,
    'latin1',
  )
  return block
}

/** With the NUL that ends it. */
function octal(number: number, width: number): string {
  return `${number.toString(8).padStart(width - 1, '0')}\0`
}

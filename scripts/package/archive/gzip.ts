import { constants, gzipSync } from 'node:zlib'

/**
 * Compresses with gzip. Which system it was made on is not said (RFC 1952 section 2.3.1, "OS": 255 is unknown), so that
 * every one makes the same bytes.
 */
export function gzip(
  content: string | Buffer,
  level: number = constants.Z_BEST_COMPRESSION,
): Buffer {
  const compressed = gzipSync(content, { level })
  compressed[9] = 255
  return compressed
}

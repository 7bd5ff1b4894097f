import { constants, crc32, deflateRawSync } from 'node:zlib'
import { type ArchiveFile, inOrder } from './archive-file.ts'

const localMagic = 0x04034b50
const centralMagic = 0x02014b50
const endMagic = 0x06054b50
/** Of those who read it: 2.0, for Deflate. */
const version = 20
/** Who made it: Unix, whose modes are in the upper half of the external attributes. */
const unix = 3 << 8
const deflate = 8
const regularFile = 0o100000

/**
 * An archive for Windows. The same files make the same bytes, as with `tarGz()`; the time is written as UTC.
 *
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export function zip(files: readonly ArchiveFile[], seconds: number): Buffer {
  const parts: Buffer[] = []
  const index: Buffer[] = []
  let offset = 0
  for (const { path, bytes, isExecutable = false } of inOrder(files)) {
    const name = Buffer.from(path)
    const packed = deflateRawSync(bytes, { level: constants.Z_BEST_COMPRESSION })
    // What the head of the file and its row in the index both have: from the version that reads it to its extra field.
    const common = Buffer.alloc(26)
    common.writeUInt16LE(version, 0)
    common.writeUInt16LE(deflate, 4)
    common.writeUInt32LE(dosTime(seconds), 6)
    common.writeUInt32LE(crc32(bytes), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(bytes.length, 18)
    common.writeUInt16LE(name.length, 22)
    parts.push(number32(localMagic), common, name, packed)
    const row = Buffer.alloc(14)
    const mode = regularFile | (isExecutable ? 0o755 : 0o644)
    row.writeUInt32LE(mode * 0x1_0000, 6)
    row.writeUInt32LE(offset, 10)
    index.push(number32(centralMagic), number16(unix | version), common, row, name)
    offset += 4 + common.length + name.length + packed.length
  }
  const indexBytes = Buffer.concat(index)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(files.length, 4)
  end.writeUInt16LE(files.length, 6)
  end.writeUInt32LE(indexBytes.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...parts, indexBytes, number32(endMagic), end])
}

/** Date in the upper half, time in the lower, in steps of two seconds from 1980 on. */
function dosTime(seconds: number): number {
  const date = new Date(seconds * 1000)
  const year = date.getUTCFullYear() - 1980
  if (year < 0) throw new Error('a zip archive knows no time before 1980')
  const day = (year << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate()
  const time =
    (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1)
  return day * 0x1_0000 + time
}

function number16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

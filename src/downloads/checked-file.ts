import { createHash } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import { lstat, open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, systemCode } from '../errors.ts'

/** What is read at once, in bytes. */
const pieceBytes = 64 * 1024

/**
 * Several times an executable.
 *
 * @limit a file of `downloads`: it is not handed out
 */
const maxFileBytes = 1024 * 1024 * 1024

/** Not through a link, and without waiting for the other end of a pipe; Windows has neither. */
const openFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** An open file whose content was what its checksum says. */
export interface CheckedFile {
  readonly name: string
  /** Lower-case hex. */
  readonly sha256: string
  readonly bytes: number
  /** What tells it from any other file, and from itself with another content. */
  readonly identity: string
  /** At most `length` bytes from there; rejects once the file was written to. */
  read(from: number, length: number): Promise<Buffer<ArrayBuffer>>
  /** Whoever reads it keeps it open until then. */
  use(): Disposable
  /** Closes it as soon as nobody uses it. */
  retire(): void
}

/** A file that is not handed out, and why. */
export class Unusable extends Error {}

/** What tells a file from another one of its name; undefined where there is none. */
export async function identityAt(directory: string, name: string): Promise<string | undefined> {
  try {
    return identityOf(await lstat(join(directory, name), { bigint: true }))
  } catch {
    return undefined
  }
}

/**
 * Opens a regular file of a directory and reads it once.
 *
 * @throws Unusable when it is none, or not what its checksum says
 */
export async function openChecked(
  directory: string,
  name: string,
  sha256: string,
): Promise<CheckedFile> {
  const path = join(directory, name)
  let handle: FileHandle | undefined
  try {
    const found = await lstat(path, { bigint: true })
    if (found.isSymbolicLink()) throw new Unusable('it is a symbolic link')
    if (!found.isFile()) throw new Unusable('it is no regular file')
    if (found.size > maxFileBytes) throw new Unusable(`it is larger than ${maxFileBytes} bytes`)
    handle = await open(path, openFlags)
    const opened = await handle.stat({ bigint: true })
    if (identityOf(opened) !== identityOf(found)) throw new Unusable(changed)
    const file = fileOf(handle, { name, sha256, stat: opened })
    if ((await hashOf(file)) !== sha256) throw new Unusable('its checksum is another one')
    handle = undefined
    return file
  } catch (error) {
    await handle?.close().catch(() => undefined)
    if (error instanceof Unusable) throw error
    throw new Unusable(systemCode(error) === 'ENOENT' ? 'there is no such file' : messageOf(error))
  }
}

const changed = 'it was written to meanwhile'

function fileOf(
  handle: FileHandle,
  { name, sha256, stat }: { readonly name: string; readonly sha256: string; stat: BigIntStats },
): CheckedFile {
  let users = 0
  let isRetired = false
  const closeUnused = (): void => {
    if (isRetired && users === 0) void handle.close().catch(() => undefined)
  }
  return {
    name,
    sha256,
    bytes: Number(stat.size),
    identity: identityOf(stat),
    async read(from, length) {
      const piece = Buffer.allocUnsafeSlow(length)
      const { bytesRead } = await handle.read(piece, 0, length, from)
      // Behind the read: what was written before it shows. A file that another one has replaced stays as it was.
      const now = await handle.stat({ bigint: true })
      if (contentOf(now) !== contentOf(stat)) throw new Unusable(changed)
      return piece.subarray(0, bytesRead)
    },
    use() {
      let isUsed = true
      users += 1
      return {
        [Symbol.dispose]() {
          if (!isUsed) return
          isUsed = false
          users -= 1
          closeUnused()
        },
      }
    },
    retire() {
      if (isRetired) return
      isRetired = true
      closeUnused()
    },
  }
}

async function hashOf(file: CheckedFile): Promise<string> {
  const sum = createHash('sha256')
  for (let from = 0; from < file.bytes;) {
    const piece = await file.read(from, pieceBytes)
    if (piece.byteLength === 0) throw new Unusable(changed)
    sum.update(piece)
    from += piece.byteLength
  }
  return sum.digest('hex')
}

/** Another one whenever somebody wrote to the file. */
function contentOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`
}

/** The same, and another one also where its times were set back. */
function identityOf(stat: BigIntStats): string {
  return `${contentOf(stat)}:${stat.ctimeNs}`
}

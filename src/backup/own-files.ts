import { constants } from 'node:fs'
import { open, readdir, readlink, realpath, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '../errors.ts'

/** Not through a link, and without waiting for the other end of a pipe; Windows has neither. */
const openFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** Whether root acts on the directory of somebody else, who can put links there. */
export async function isOfAnother(directory: string): Promise<boolean> {
  return process.getuid?.() === 0 && (await stat(directory)).uid !== 0
}

/**
 * Opens a file or directory that lies below another one, as root for its owner: nothing that a link leads to, neither one
 * at its name nor one in the place of a directory above, and no second name of a file elsewhere.
 *
 * @throws Error where it is such a one
 */
export async function openOwn(directory: string, path: string): Promise<FileHandle> {
  const refused = (cause?: unknown): Error =>
    new Error(`"${path}" is a link, or no plain file`, { cause })
  const handle = await open(path, openFlags).catch((error: unknown) => {
    throw systemCode(error) === 'ELOOP' ? refused(error) : error
  })
  try {
    const found = await handle.stat()
    const isPlain = found.isDirectory() || (found.isFile() && found.nlink === 1)
    if (isPlain && (await isBelow(directory, handle))) return handle
    throw refused()
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** By what is open, and not by its name, which may lead elsewhere by now; Linux alone tells. */
async function isBelow(directory: string, { fd }: FileHandle): Promise<boolean> {
  if (process.platform !== 'linux') return true
  const [root, found] = await Promise.all([realpath(directory), readlink(`/proc/self/fd/${fd}`)])
  return found.startsWith(`${root}/`)
}

/** Gives all that root has put into a directory to whoever has the directory. */
export async function giveToOwner(directory: string): Promise<void> {
  if (!(await isOfAnother(directory))) return
  const { uid, gid } = await stat(directory)
  // With their types: by names alone Node goes on through links to directories.
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  for (const entry of entries) {
    if (!entry.isFile() && !entry.isDirectory()) continue
    // What is not its own stays with whom it is.
    await using handle = await openOwn(directory, join(entry.parentPath, entry.name)).catch(
      () => undefined,
    )
    await handle?.chown(uid, gid)
  }
}

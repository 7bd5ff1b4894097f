import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { isOwnText } from '../../autostart/written-by.ts'
import { SystemError, messageOf, systemCode } from '../../errors.ts'

/**
 * Far more than any of ours.
 *
 * @limit none: what is larger is somebody else's
 */
const longestOwnBytes = 64 * 1024

/** Whose a file is. */
export type Owner = 'nobody' | 'us' | 'somebody'

/** Looks whose a file is; with `id`, of ours only what was written for just that. Never waits for a pipe. */
export function ownerOf(path: string, id?: string): Owner {
  try {
    const found = statSync(path)
    if (!found.isFile() || found.size > longestOwnBytes) return 'somebody'
    return isOwnText(readFileSync(path, 'utf8'), id) ? 'us' : 'somebody'
  } catch (error) {
    return systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR' ? 'nobody' : 'somebody'
  }
}

/**
 * Writes a file that is not there or is ours; a reader sees the old text or the new. One synchronous step, so that
 * nothing of this process comes between the look and the write. Answers whether anything changed.
 *
 * @param mode permissions, whatever the umask is
 * @throws SystemError `file-not-ours` or `file-not-written`
 */
export function putOwnFile(path: string, text: string, mode: number, id?: string): boolean {
  const owner = ownerOf(path, id)
  if (owner === 'somebody') throw notOurs(path)
  try {
    if (owner === 'us' && readFileSync(path, 'utf8') === text) {
      if ((statSync(path).mode & 0o777) === mode) return false
      chmodSync(path, mode)
      return true
    }
    mkdirSync(dirname(path), { recursive: true })
    const draft = `${path}.${randomBytes(6).toString('hex')}`
    try {
      writeFileSync(draft, text, { mode, flag: 'wx' })
      chmodSync(draft, mode)
      if (owner === 'us') renameSync(draft, path)
      else giveName(draft, path)
    } finally {
      rmSync(draft, { force: true })
    }
    return true
  } catch (error) {
    if (error instanceof SystemError) throw error
    const message = `cannot write "${path}": ${messageOf(error)}`
    throw new SystemError('file-not-written', message, { cause: error })
  }
}

/** A hard link fails where the name is taken, also just now. Not every file system has them. */
function giveName(draft: string, path: string): void {
  try {
    try {
      linkSync(draft, path)
    } catch (error) {
      if (systemCode(error) === 'EEXIST') throw error
      copyFileSync(draft, path, constants.COPYFILE_EXCL)
    }
  } catch (error) {
    throw systemCode(error) === 'EEXIST' ? notOurs(path) : error
  }
}

/**
 * Removes a file of ours; false, and nothing removed, where it is not there or somebody else's.
 *
 * @throws SystemError `file-not-written`
 */
export function removeOwnFile(path: string): boolean {
  if (ownerOf(path) !== 'us') return false
  try {
    rmSync(path)
    return true
  } catch (error) {
    const message = `cannot remove "${path}": ${messageOf(error)}`
    throw new SystemError('file-not-written', message, { cause: error })
  }
}

/** Of a file that something else wrote, which is not replaced. */
export function notOurs(path: string): SystemError {
  return new SystemError('file-not-ours', `"${path}" was not written by postern`, {
    hint: 'move it away, and try again',
  })
}

import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SystemError, messageOf, systemCode } from '../../errors.ts'
import { createFile, replaceFile } from '../../reach/replace-file.ts'

/** What a program says to the local proxy, by HTTP (RFC 7617) or SOCKS (RFC 1929). */
export interface ProxyPassword {
  readonly user: string
  /** A secret. Letters, digits, `-` and `_`: it stands in a URL as it is. */
  readonly password: string
}

const user = 'postern'
const fileName = 'proxy-password'
const passwordBytes = 24
const written = /^[\w-]{32}$/

/**
 * This user's password of the local proxy, made at the first call and kept in a file of mode 0600. One that others can
 * read, or that is no such password, is replaced: whoever has read it has it no more.
 *
 * @throws SystemError `proxy-password-unusable`
 */
export async function proxyPassword(directory: string): Promise<ProxyPassword> {
  const path = join(directory, fileName)
  try {
    const kept = await readPassword(path)
    if (kept !== undefined) return { user, password: kept }
    const made = randomBytes(passwordBytes).toString('base64url')
    // Another process may make one in the same moment: the one that is in the file counts. Where there are no hard
    // links, as on FAT, none is made like this.
    const isMade = await createFile(path, `${made}\n`).catch(() => false)
    if (isMade) return { user, password: made }
    const others = await readPassword(path)
    if (others !== undefined) return { user, password: others }
    await replaceFile(path, `${made}\n`)
    return { user, password: made }
  } catch (error) {
    throw new SystemError(
      'proxy-password-unusable',
      `cannot keep the password of the local proxy in "${path}": ${messageOf(error)}`,
      { hint: 'check the owner and the permissions of its directory', cause: error },
    )
  }
}

/** Undefined where there is none that can be used. */
async function readPassword(path: string): Promise<string | undefined> {
  try {
    const found = await lstat(path)
    // Windows has no such modes: its directory is the user's.
    const isOpen = process.platform !== 'win32' && (found.mode & 0o077) !== 0
    if (!found.isFile() || isOpen) return undefined
    const text = (await readFile(path, 'utf8')).trim()
    return written.test(text) ? text : undefined
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Whether these are the user and the password. */
export type CheckPassword = (user: Buffer, password: Buffer) => boolean

/** Compares in a time that says nothing of how much of them is right. */
export function createPasswordCheck(expected: ProxyPassword): CheckPassword {
  const [rightUser, rightPassword] = [digest(expected.user), digest(expected.password)]
  return (givenUser, givenPassword) => {
    const isUser = timingSafeEqual(digest(givenUser), rightUser)
    const isPassword = timingSafeEqual(digest(givenPassword), rightPassword)
    return isUser && isPassword
  }
}

function digest(text: string | Buffer): Buffer {
  return hash('sha256', text, 'buffer')
}

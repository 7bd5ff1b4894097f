import { readFile, rename, stat } from 'node:fs/promises'
import { SystemError, messageOf, systemCode } from '../errors.ts'

// A file of JSON that a person may also edit: `connections.json`, `gateways.json`. What cannot be understood is set
// aside and never written over; what a later release has written is left alone.

/** What tells the files apart. */
export interface KeptFile {
  readonly path: string
  /** Of the error for one that cannot be used, such as `connections-unreadable`. */
  readonly code: string
  /** Largest file that is read, in bytes. */
  readonly maxBytes: number
}

/** Where a file that could not be understood is now, and what was wrong with it. */
export interface SetAside {
  readonly path: string
  readonly why: string
}

/**
 * Its bytes; undefined where there is no file. One that is no regular file is not opened: a pipe would wait for ever.
 *
 * @throws SystemError with the file's code
 */
export async function readKept(file: KeptFile): Promise<Buffer | 'too-large' | undefined> {
  try {
    const found = await stat(file.path)
    if (!found.isFile()) throw new Error('it is not a regular file')
    return found.size > file.maxBytes ? 'too-large' : await readFile(file.path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined
    throw unusable(file, messageOf(error), error)
  }
}

/**
 * Renames one that cannot be understood; `nowMs` is in its new name.
 *
 * @throws SystemError with the file's code
 */
export async function setAside(file: KeptFile, why: string, nowMs: number): Promise<SetAside> {
  const time = new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-')
  const aside = `${file.path}.damaged-${time}`
  try {
    await rename(file.path, aside)
  } catch (error) {
    throw unusable(file, `it is damaged (${why}), and cannot be set aside: ${messageOf(error)}`)
  }
  return { path: aside, why }
}

/** The number at `version`; 0 for what says none. */
export function versionOf(value: unknown): number {
  const version: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, 'version') : undefined
  return typeof version === 'number' ? version : 0
}

/** What a text of JSON says; undefined where it is none. */
export function parseKept(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function writtenLater(file: KeptFile): SystemError {
  return unusable(file, 'a later release of postern has written it')
}

function unusable({ path, code }: KeptFile, why: string, cause?: unknown): SystemError {
  return new SystemError(code, `cannot use "${path}": ${why}`, {
    hint: 'move it away to begin anew',
    cause,
  })
}

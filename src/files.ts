import { hash } from 'node:crypto'
import { readFileSync, statSync, type Stats } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { FileText } from './file-text.ts'
import { messageOf, systemCode } from './errors.ts'
import { show } from './schema.ts'

export interface Files {
  /** Reads a UTF-8 file; a relative path starts at the folder of the configuration. */
  read(path: string): Promise<FileText>
  /**
   * Everything that was read or looked for, absolute, with the fingerprint of what was found: a change
   * to any of it may matter.
   */
  readonly seen: ReadonlyMap<string, string>
}

/**
 * Far more than any configuration, certificate chain or secret.
 *
 * @limit a file that the configuration names: the configuration does not load
 */
const maxFileBytes = 4 * 1024 * 1024

/** Reads the files that a configuration names, and remembers which. */
export function createFiles(folder: string): Files {
  const seen = new Map<string, string>()
  return {
    seen,
    async read(path) {
      const absolute = resolve(folder, path)
      try {
        const { bytes, mode } = await readBounded(absolute)
        seen.set(absolute, fingerprintOf(bytes))
        return { ok: true, text: decodeUtf8(bytes), readableBy: readersOf(mode) }
      } catch (error) {
        if (!seen.has(absolute)) seen.set(absolute, fingerprintOf(undefined))
        return { ok: false, message: `cannot read ${show(path)}: ${reasonOf(error)}` }
      }
    },
  }
}

/** What tells one content of a file from another; undefined for a file that cannot be read. */
export function fingerprintOf(bytes: Buffer | undefined): string {
  return bytes === undefined ? 'unreadable' : hash('sha256', bytes)
}

/** The fingerprint that `read` would note now. */
export function fingerprintNow(absolute: string): string {
  try {
    checkReadable(statSync(absolute))
    return fingerprintOf(readFileSync(absolute))
  } catch {
    return fingerprintOf(undefined)
  }
}

async function readBounded(absolute: string): Promise<{ bytes: Buffer; mode: number }> {
  const found = await stat(absolute)
  checkReadable(found)
  return { bytes: await readFile(absolute), mode: found.mode }
}

/**
 * Asked before a file is opened: opening a pipe waits for whoever writes to it, perhaps for ever, and
 * what came through it could not be read again for a reload.
 */
function checkReadable(found: Stats): void {
  if (!found.isFile()) throw new Error('it is not a regular file')
  if (found.size > maxFileBytes) throw new Error(`it is larger than ${maxFileBytes} bytes`)
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Error('it is not UTF-8 text')
  }
}

/** Windows keeps no such bits: Node makes some up there, and they say nothing. */
function readersOf(mode: number): 'owner' | 'group' | 'others' {
  if (process.platform === 'win32' || (mode & 0o077) === 0) return 'owner'
  return (mode & 0o007) === 0 ? 'group' : 'others'
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'permission denied',
}

function reasonOf(error: unknown): string {
  return reasons[systemCode(error) ?? ''] ?? messageOf(error)
}

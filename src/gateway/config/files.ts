import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { messageOf, systemCode } from '../../errors.ts'
import { show } from '../../schema.ts'

/** A file that was read, or why it was not: `cannot read "x": no such file`. */
export type FileText =
  | { readonly ok: true; readonly text: string; readonly readableBy: 'owner' | 'group' | 'others' }
  | { readonly ok: false; readonly message: string }

export interface Files {
  /** Reads a UTF-8 file; a relative path starts at the folder of the configuration. */
  read(path: string): Promise<FileText>
  /** Everything that was read or looked for, absolute: a change to any of it may matter. */
  readonly paths: ReadonlySet<string>
}

/** Far more than any configuration, certificate chain or secret. */
const maxFileBytes = 4 * 1024 * 1024

/** Reads the files that a configuration names, and remembers which. */
export function createFiles(folder: string): Files {
  const paths = new Set<string>()
  return {
    paths,
    async read(path) {
      const absolute = resolve(folder, path)
      paths.add(absolute)
      try {
        return await readBounded(absolute)
      } catch (error) {
        return { ok: false, message: `cannot read ${show(path)}: ${reasonOf(error)}` }
      }
    },
  }
}

async function readBounded(absolute: string): Promise<FileText> {
  // Asked before it is opened: opening a pipe waits for whoever writes to it, perhaps for ever, and
  // what came through it could not be read again for a reload.
  const found = await stat(absolute)
  if (!found.isFile()) throw new Error('it is not a regular file')
  if (found.size > maxFileBytes) throw new Error(`it is larger than ${maxFileBytes} bytes`)
  const text = decodeUtf8(await readFile(absolute))
  return { ok: true, text, readableBy: readersOf(found.mode) }
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

/** What to say about a file with a secret that more than its owner can read. */
export function exposureOf(
  file: FileText & { ok: true },
): readonly [string, { readonly hint: string }] | undefined {
  if (file.readableBy === 'owner') return undefined
  const who = file.readableBy === 'group' ? 'its group' : 'everybody on this machine'
  return [`names a file with a secret that ${who} can read`, { hint: 'chmod 600 it' }]
}

import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { SystemError, messageOf, systemCode } from '../errors.ts'

/** The one folder that holds everything a quickstart writes. */
export interface Folder extends Disposable {
  readonly path: string
  /** Absolute path of a name in it. */
  join(name: string): string
  /** Writes a file that only this user can read; answers its path. */
  write(name: string, content: string): Promise<string>
  /** As `write`, and it can be run. */
  writeProgram(name: string, content: string): Promise<string>
  /** Copies a file to outside of the folder, where it stays; answers the path, or undefined. */
  keep(name: string): string | undefined
}

/**
 * Makes a folder of mode 0700 for one run; disposing removes it, and so does the process's end.
 *
 * @throws SystemError `folder-not-made`
 */
export function makeFolder(parent: string = tmpdir()): Folder {
  const path = makeDirectory(parent)
  // For an end that nobody planned: an exception, or a second Ctrl-C.
  const remove = (): void => rmSync(path, { recursive: true, force: true, maxRetries: 3 })
  process.once('exit', remove)
  const write = async (name: string, content: string, mode: number): Promise<string> => {
    const file = join(path, name)
    await writeFile(file, content, { mode })
    await chmod(file, mode)
    return file
  }
  return {
    path,
    join: (name) => join(path, name),
    write: (name, content) => write(name, content, 0o600),
    writeProgram: (name, content) => write(name, content, 0o700),
    keep(name) {
      const kept = `${path}-${basename(name)}`
      try {
        copyFileSync(join(path, name), kept)
        return kept
      } catch {
        return undefined
      }
    },
    [Symbol.dispose]() {
      process.off('exit', remove)
      remove()
    },
  }
}

function makeDirectory(parent: string): string {
  try {
    return mkdtempSync(join(parent, 'postern-'))
  } catch (cause) {
    const why = systemCode(cause) ?? messageOf(cause)
    throw new SystemError('folder-not-made', `cannot make a folder in "${parent}": ${why}`, {
      hint: 'set TMPDIR to a directory that you may write to',
      cause,
    })
  }
}

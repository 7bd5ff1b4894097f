import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { directEnvironment } from './direct.ts'
import type { Folder } from './folder.ts'
import { commandLine, quote } from './shell.ts'

const source = join(import.meta.dirname, '..')
const mainFile = join(source, 'cli', 'main.ts')
const direct = Object.entries(directEnvironment)
  .map(([name, value]) => `${name}=${quote(value)}`)
  .join(' ')
const browserFile = join(source, 'dev-idp', 'browser.ts')

/** How the printed commands begin. */
export interface Program {
  /** The words that run `postern`, from any directory. */
  readonly words: readonly string[]
  /** Keeps sign-ins; undefined where they go to the user's cache directory. */
  readonly signInFolder: string | undefined
}

/**
 * Writes `postern` into the folder: this checkout's own, on its pinned runtime, whose sign-ins are
 * kept in the folder and go with it, and which asks no proxy for this machine. Where such a file cannot be run (Windows, or a folder for
 * temporary files that is mounted without the right to), the program is run by its full name.
 */
export async function writeProgram(folder: Folder): Promise<Program> {
  const words = [process.execPath, mainFile]
  if (process.platform === 'win32') return { words, signInFolder: undefined }
  const signInFolder = folder.join('cache')
  const path = await folder.writeProgram(
    'postern',
    `#!/bin/sh\n${direct} XDG_CACHE_HOME=${quote(signInFolder)} exec ${commandLine(...words)} "$@"\n`,
  )
  const runs = await promisify(execFile)(path, ['--version']).catch(() => undefined)
  return runs === undefined
    ? { words, signInFolder: undefined }
    : { words: [path], signInFolder: join(signInFolder, 'postern', 'tokens') }
}

/**
 * Writes `sign-in-as-NAME` into the folder, for `--browser-cmd`: a browser without a screen that
 * signs one person in. Answers its path.
 */
export function writeBrowser(
  folder: Folder,
  { id, email }: { readonly id: string; readonly email: string },
  caFile: string,
): Promise<string> {
  const words = [process.execPath, browserFile, '--person', email, '--ca-file', caFile]
  return folder.writeProgram(`sign-in-as-${id}`, `#!/bin/sh\nexec ${commandLine(...words)} "$@"\n`)
}

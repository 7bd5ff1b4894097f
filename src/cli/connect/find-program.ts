import { accessSync, constants, statSync } from 'node:fs'
import { join, posix, win32 } from 'node:path'
import type { Environment } from '../process/environment.ts'

/**
 * The path of the first of these programs that is installed. Only whole paths of PATH are looked into: the folder that
 * somebody stands in may be anybody's.
 */
export function findProgram(
  names: readonly string[],
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const isWindows = platform === 'win32'
  const { isAbsolute, delimiter } = isWindows ? win32 : posix
  const folders = pathOf(env, isWindows).split(delimiter).filter(isAbsolute)
  // Batch files are for a shell, which would read the arguments anew.
  const endings = isWindows ? ['.exe', '.com'] : ['']
  return names
    .flatMap((name) => folders.flatMap((folder) => endings.map((end) => join(folder, name + end))))
    .find(isProgram)
}

/** Windows has it under any case. */
function pathOf(env: Environment, isWindows: boolean): string {
  const name = isWindows ? Object.keys(env).find((key) => /^path$/i.test(key)) : 'PATH'
  return env[name ?? 'PATH'] ?? ''
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

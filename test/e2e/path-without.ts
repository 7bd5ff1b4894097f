import { mkdir, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Scope } from './scope.ts'

/** A directory with the programs of this machine but these. */
export async function pathWithout(scope: Scope, ...missing: readonly string[]): Promise<string> {
  const directory = join(scope.directory, 'path')
  await mkdir(directory)
  for (const folder of ['/usr/bin', '/bin']) {
    for (const name of await readdir(folder)) {
      if (!missing.includes(name))
        await symlink(join(folder, name), join(directory, name)).catch(() => undefined)
    }
  }
  return directory
}

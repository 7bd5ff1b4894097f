import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { systemCode } from '../errors.ts'
import { stateFiles } from '../store/state-directory.ts'

/** Keys that the gateway made for itself; where the configuration gives them they are not there. */
export const keyFiles = ['shared_secret', 'cookie_secret'] as const

/**
 * Directories of a state, in the order in which they are copied: how far destinations have come before the records
 * themselves, so that none is taken for sent that the copy lacks.
 */
export const directories = [stateFiles.forward, stateFiles.audit] as const

/** Everything that a backup may have of a state. */
export const stateParts = [stateFiles.store, ...keyFiles, ...directories] as const

/** The files below a directory, by their paths from `root` on, with `/`; none where it is not there. */
export async function filesBelow(root: string, directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(join(root, directory), { withFileTypes: true, recursive: true })
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .toSorted()
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

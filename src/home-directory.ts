import { homedir } from 'node:os'
import { isAbsolute } from 'node:path'
import { isBun } from './is-bun.ts'

/**
 * This user's home. Undefined where there is none: in a container whose user is not in passwd(5), and where
 * `HOME` is empty or relative, since secrets would then lie wherever the program was started.
 */
export function homeDirectory(lookUp: () => string = ownHome): string | undefined {
  try {
    const home = lookUp()
    return isAbsolute(home) ? home : undefined
  } catch {
    return undefined
  }
}

/** Where `HOME` is empty, Bun takes the home of passwd(5), which somebody wanted to do without. */
function ownHome(): string {
  return isBun && process.env['HOME'] === '' ? '' : homedir()
}
